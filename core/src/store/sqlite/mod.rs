//! SQLite as a store: one file, WAL, typed tables that any SQL tool can read.

#[cfg(test)]
mod added_fields;
mod api_keys;
mod before_values;
mod binder;
mod columns;
mod copies;
mod edges;
mod errors;
mod history;
mod hold;
mod identity;
mod journal;
mod layout;
mod ledger;
mod migrate;
mod order;
mod query;
#[cfg(test)]
mod query_plans;
mod read;
mod transaction;
mod updates;
mod write;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::hooks::Wal;
use rusqlite::{Connection, OpenFlags};
use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result};
use crate::schema::{RecordType, Schema};

use super::{Generation, Generator, ReadTransaction, Store, StoredRecord, WriteTransaction};
use errors::store_error;
use hold::Hold;
use layout::Layouts;
pub(crate) use ledger::{Entry, Ledger, LedgerTransaction, OpenCreate};
use transaction::{Access, Transaction};

/// How long a writer waits for another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);
/// A batch touches rows and keys all over the file: smaller pages are fewer bytes to read and write,
/// and cost a first load a little.
const PAGE_BYTES: u32 = 4096;
/// Page cache of the writing connection, in KiB. Batches are read and written in the order of
/// their keys, which needs little of it: four times as much gains nothing.
const WRITER_CACHE_KIB: u32 = 32_768;
/// Page cache of a reading connection, in KiB: the keys and rows of some 100 000 records.
const READER_CACHE_KIB: u32 = 65_536;
/// Reading connections that are kept for the next reads; each keeps its page cache.
const KEPT_READERS: usize = 4;
/// Page cache of a reading connection beyond those, in KiB, however many read at once.
const PASSING_READER_CACHE_KIB: u32 = 1024;
/// Page cache of the connection that reads ahead, in KiB: it reads in the order of the pages, and
/// keeps nothing from one batch to the next.
const AHEAD_CACHE_KIB: u32 = 8192;
/// Pages in the write-ahead log before they are moved into the database.
const CHECKPOINT_PAGES: i32 = 40_000;
/// Distinct statements that a connection keeps prepared.
const PREPARED_STATEMENTS: usize = 256;

/// A workspace in one SQLite file.
pub struct SqliteStore {
    path: PathBuf,
    writer: Mutex<Connection>,
    /// The connection that reads ahead; held too while the write-ahead log is moved into the
    /// database.
    ahead: Arc<Mutex<Option<Connection>>>,
    readers: Mutex<Readers>,
    generator: Generator,
    layouts: Layouts,
    organization_id: OnceLock<Uuid>,
    /// The last field, as it closes files after the connections have.
    hold: Hold,
}

/// The connections that are kept for reading.
#[derive(Default)]
struct Readers {
    idle: Vec<Connection>,
    /// Those and the ones that read.
    kept: usize,
}

/// A connection that reads.
struct Reader {
    connection: Connection,
    is_kept: bool,
}

impl SqliteStore {
    /// Opens a workspace file, brings its tables up to date, and makes it if `create` is set.
    ///
    /// # Errors
    /// `store_io` if there is no such file or it cannot be opened, `store_corrupt` if it is not a
    /// Headwater workspace, `config_invalid` if a newer Headwater wrote it, `store_busy`.
    pub fn open(path: &Path, schema: &Schema, create: bool) -> Result<Self> {
        Self::open_generating(path, schema, create, Generation::default())
    }

    /// As [`SqliteStore::open`], with times and ids that are made in this way.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub fn open_generating(
        path: &Path,
        schema: &Schema,
        create: bool,
        generation: Generation,
    ) -> Result<Self> {
        check_place(path)?;
        if !create && !path.exists() {
            return Err(Error::new(
                ErrorCode::StoreIo,
                format!("there is no workspace at {}", path.display()),
            )
            .hint("check the path; a sync or a create makes a new workspace"));
        }
        let mut hold = Hold::of(path);
        let mut writer = connect(path, OpenFlags::SQLITE_OPEN_CREATE, WRITER_CACHE_KIB)?;
        let ahead = Arc::default();
        move_log_in_turn(&mut writer, Arc::clone(&ahead), CHECKPOINT_PAGES)?;
        migrate::bring_up_to_date(&mut writer, schema)?;
        let generator = Generator::new(generation);
        copies::name_organization(&writer, generator.ids())?;
        // Without a log there is nothing to hold, and each write locks what a hold would.
        if has_log(&writer)? {
            hold.take(path);
        }
        Ok(Self {
            path: path.to_owned(),
            writer: Mutex::new(writer),
            ahead,
            readers: Mutex::default(),
            generator,
            layouts: Layouts::default(),
            organization_id: OnceLock::new(),
            hold,
        })
    }

    fn begin_read(&self) -> Result<Transaction<'_>> {
        Transaction::begin(self, Access::Read(Some(self.reader()?)))
    }

    fn readers(&self) -> MutexGuard<'_, Readers> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reader(&self) -> Result<Reader> {
        let mut readers = self.readers();
        if let Some(connection) = readers.idle.pop() {
            return Ok(Reader { connection, is_kept: true });
        }
        let is_kept = readers.kept < KEPT_READERS;
        readers.kept += usize::from(is_kept);
        drop(readers);
        let cache_kib = if is_kept { READER_CACHE_KIB } else { PASSING_READER_CACHE_KIB };
        let connected = connect(&self.path, OpenFlags::empty(), cache_kib);
        if connected.is_err() {
            self.readers().kept -= usize::from(is_kept);
        }
        connected.map(|connection| Reader { connection, is_kept })
    }

    fn give_back(&self, reader: Reader) {
        if reader.is_kept {
            self.readers().idle.push(reader.connection);
        }
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.hold.let_go();
    }
}

impl Store for SqliteStore {
    fn write(&self) -> Result<Box<dyn WriteTransaction + '_>> {
        // A panic in an earlier transaction has rolled it back: the connection is sound.
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Box::new(Transaction::begin(self, Access::Write(writer))?))
    }

    fn read(&self) -> Result<Box<dyn ReadTransaction + '_>> {
        Ok(Box::new(self.begin_read()?))
    }

    fn read_ahead(&self) -> Result<Box<dyn ReadTransaction + '_>> {
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        if ahead.is_none() {
            *ahead = Some(connect(&self.path, OpenFlags::empty(), AHEAD_CACHE_KIB)?);
        }
        Ok(Box::new(Transaction::begin(self, Access::Ahead(ahead))?))
    }

    fn get(&self, record_type: &RecordType, id: Uuid) -> Result<Option<StoredRecord>> {
        let reader = self.reader()?;
        let layout = self.layouts.of(record_type);
        let found = read::get(&reader.connection, &layout, record_type, id);
        self.give_back(reader);
        found
    }

    fn settle(&self) -> Result<()> {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer
            .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
            .map_err(store_error("move the write-ahead log into the workspace"))
    }

    fn generator(&self) -> &Generator {
        &self.generator
    }

    fn copy_to(&self, path: &Path) -> Result<()> {
        let reader = self.reader()?;
        let copied = copies::copy_to(&reader.connection, path);
        self.give_back(reader);
        copied
    }

    fn return_to(&self, path: &Path) -> Result<()> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        copies::return_to(&mut writer, path)?;
        self.layouts.forget();
        Ok(())
    }
}

/// Moves the write-ahead log into the database after a commit that leaves it long, while nobody
/// reads ahead: under the eyes of a reader the log could not be begun anew, and where one reader
/// follows another it would grow without end.
fn move_log_in_turn(
    writer: &mut Connection,
    ahead: Arc<Mutex<Option<Connection>>>,
    longest: i32,
) -> Result<()> {
    let hook = move |log: &mut Wal, pages: i32| {
        if pages >= longest {
            let _turn = ahead.lock().unwrap_or_else(PoisonError::into_inner);
            // What cannot be moved now is moved later; the commit is done.
            let _ = log.checkpoint();
        }
        Ok(())
    };
    writer.wal_hook(Some(hook)).map_err(store_error("watch the write-ahead log"))
}

/// Refuses a path where no file can be, in plainer words than SQLite has.
fn check_place(path: &Path) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let (why, hint) = match folder {
        _ if path.is_dir() => ("it is a folder".to_owned(), "give the path of a file in it"),
        Some(folder) if !folder.is_dir() => {
            let why = format!("there is no folder {}", folder.display());
            (why, "make the folder first, or correct the path")
        }
        _ => return Ok(()),
    };
    let what = format!("cannot open the workspace {}: {why}", path.display());
    Err(Error::new(ErrorCode::StoreIo, what).hint(hint))
}

/// Whether the database has a write-ahead log: a disk that fails, or a file system without shared
/// memory, leaves it without one.
fn has_log(connection: &Connection) -> Result<bool> {
    connection
        .query_row("PRAGMA journal_mode", [], |row| row.get::<_, String>(0))
        .map(|mode| mode == "wal")
        .map_err(store_error("look for the write-ahead log"))
}

fn connect(path: &Path, extra: OpenFlags, cache_kib: u32) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | extra;
    let doing = format!("open the workspace {}", path.display());
    let open = || {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
        // Else a statement is prepared again for each value that is bound to it.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        // The page size counts only before the first table and before WAL.
        connection.execute_batch(&format!(
            "PRAGMA page_size = {PAGE_BYTES}; PRAGMA journal_mode = WAL; \
             PRAGMA synchronous = FULL; PRAGMA cache_size = -{cache_kib}; \
             PRAGMA temp_store = MEMORY;"
        ))?;
        query::prepare(&connection)?;
        Ok(connection)
    };
    open().map_err(store_error(&doing))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn the_log_is_moved_when_nobody_reads_ahead() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("crm.db");
        let store = SqliteStore::open(&path, &Schema::standard(), true).unwrap();
        move_log_in_turn(&mut store.writer.lock().unwrap(), Arc::clone(&store.ahead), 1).unwrap();
        let has_ended = AtomicBool::new(false);
        thread::scope(|scope| {
            let read = store.read_ahead().unwrap();
            scope.spawn(|| {
                let writer = store.writer.lock().unwrap();
                writer.execute_batch("CREATE TABLE seen (text TEXT)").unwrap();
                assert!(has_ended.load(Ordering::SeqCst), "moved under the eyes of a reader");
            });
            // What the writer does then is committed, and it waits to move the log.
            let other = store.reader().unwrap().connection;
            while other.prepare("SELECT * FROM seen").is_err() {
                thread::yield_now();
            }
            (0..1000).for_each(|_| thread::yield_now());
            has_ended.store(true, Ordering::SeqCst);
            drop(read);
        });
        // With the whole log moved and no reader, the next write begins it anew.
        let writer = store.writer.lock().unwrap();
        let length = || path.with_extension("db-wal").metadata().unwrap().len();
        let before = length();
        writer.execute_batch("CREATE TABLE seen_too (text TEXT)").unwrap();
        assert_eq!(length(), before);
    }

    #[test]
    fn however_many_read_at_once_few_have_a_large_cache() {
        let folder = tempfile::tempdir().unwrap();
        let store =
            SqliteStore::open(&folder.path().join("crm.db"), &Schema::standard(), true).unwrap();
        let cache = |reader: &Reader| -> i64 {
            reader.connection.query_row("PRAGMA cache_size", [], |row| row.get(0)).unwrap()
        };
        for _ in 0..2 {
            let readers: Vec<Reader> = (0..10).map(|_| store.reader().unwrap()).collect();
            let caches: i64 = readers.iter().map(cache).sum();
            let kept = i64::from(READER_CACHE_KIB) * i64::try_from(KEPT_READERS).unwrap();
            assert_eq!(caches, -(kept + 6 * i64::from(PASSING_READER_CACHE_KIB)));
            readers.into_iter().for_each(|reader| store.give_back(reader));
            assert_eq!(store.readers().idle.len(), KEPT_READERS);
        }
    }
}
