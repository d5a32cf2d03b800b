/*
 * libheadwater: records of a CRM and the syncs that bring them there, for C and every language that
 * can call C.
 *
 * Names. `headwater_<noun>_<verb>`: the object first, then what goes in, then `out_` parameters, and
 * `out_error` last.
 *
 * Status. A function that can fail returns `HEADWATER_OK`, or one of `HEADWATER_E_*`; one that gives
 * one thing after another ends with `HEADWATER_DONE`. Where `out_error` is not NULL it gets NULL, or
 * an error that says more. Owned by the caller; free with `headwater_error_free`. After a failure
 * every other `out_` parameter is NULL or 0, unless its function says otherwise.
 *
 * Text. `headwater_str` is UTF-8 without a NUL; `headwater_text` makes one of a C string. NULL with a
 * length of 0 is the empty text. What is absent is given as NULL. Text that is not UTF-8, NULL in
 * place of an object, a closed workspace: all of these are `HEADWATER_E_INVALID_REQUEST`, and `field`
 * of the error names the parameter. JSON goes in and out as text.
 *
 * Ownership has four phrases: *Borrowed for the call.* *Copied.* *Owned by the caller; free with
 * `..`.* *Borrowed from `x` until the next call on it, or until it is freed.* What is borrowed has a
 * pointer to const. Freeing NULL does nothing; freeing never fails. Nothing that one side allocates is
 * freed by the other.
 *
 * Threads. "Any": any number of threads may make the call on one object at the same time; the
 * object is then a pointer to const. "One at a time": on any thread, but never two on one object.
 * An error belongs to its call. Signals and fork: a child of a fork must not use what the parent has.
 *
 * Structs start with `struct_size`, which whoever fills the struct sets to its sizeof; every other
 * byte is zero unless it is set. Structs and functions are only ever added to. Integers stand for
 * enumerations and flags: an unknown value is an error, never undefined.
 *
 * Remote workspaces take their key from `headwater_remote_options` or the job, or else from
 * HEADWATER_API_KEY, or from the file that HEADWATER_API_KEY_FILE names. A call on one may also end with `unauthorized`, `forbidden`,
 * `rate_limited`, `payload_too_large`, `unavailable` or `timeout`, and with `operation_not_supported`
 * for what only a local one can do.
 *
 * Panics of the library end in `HEADWATER_E_INTERNAL_ERROR`; the object of the call, and the
 * workspace if it was in use, are refused from then on, on every thread, and may be freed. Nothing is
 * written to stdout or stderr.
 *
 * Memory. All that is made can be freed, and 48 bytes for the first thread stay, which valgrind counts
 * as possibly lost; with `--errors-for-leak-kinds=definite` they are no error.
 *
 * Generated from ffi by `cargo run -p headwater-headers`; do not edit.
 */
#ifndef HEADWATER_H
#define HEADWATER_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Text, statuses, retry advice and log levels are shared with connectors. */
#include "headwater_connector.h"

/* Of the Arrow C Stream Interface; only the calls for bulk data need its definition. */
struct ArrowArrayStream;

#ifdef __cplusplus
extern "C" {
#endif

/** Makes text of a C string, which stays the caller's; NULL is the empty one. */
static inline headwater_str headwater_text(const char *text) {
  headwater_str made;
#ifdef __cplusplus
  made.ptr = reinterpret_cast<const uint8_t *>(text);
#else
  made.ptr = (const uint8_t *)text;
#endif
  made.len = text == NULL ? 0 : strlen(text);
  return made;
}

/*
 * The library: its version, and what a program is told to need.
 */

/**
 * Major version of the library that this header belongs to; it is also in the name of the shared
 * library. Another major version may lack what this one has.
 */
#define HEADWATER_VERSION_MAJOR 0

/** Minor version of the library that this header belongs to; a later one has more functions. */
#define HEADWATER_VERSION_MINOR 1

/** Patch version of the library that this header belongs to. */
#define HEADWATER_VERSION_PATCH 0

/** The version as one number: major * 1 000 000 + minor * 1 000 + patch. */
#define HEADWATER_VERSION_NUMBER 1000

/**
 * Gives the version of the library that is linked, for example `0.1.0`.
 *
 * The text: Borrowed from the library for ever.
 * Threads: any. Errors: none. Since 0.1.
 */
headwater_str headwater_library_version(void);

/**
 * Gives the version of the library that is linked as one number, like `HEADWATER_VERSION_NUMBER`.
 *
 * Threads: any. Errors: none. Since 0.1.
 */
int32_t headwater_library_version_number(void);

/*
 * Documents: the text, mostly JSON, that a call gives.
 */

/** Text that a call gave. A NUL stands after its end, so it can be used as a C string. */
typedef struct headwater_document headwater_document;

/**
 * Gives the text of a document; absent for NULL.
 *
 * The text: Borrowed from `document` until it is freed.
 * Threads: any. Errors: none. Since 0.1.
 */
headwater_str headwater_document_text(const headwater_document *document);

/**
 * Frees a document; NULL is none.
 *
 * `document`: not used again, nor what was borrowed from it.
 * Threads: any. Errors: none. Since 0.1.
 */
void headwater_document_free(headwater_document *document);

/*
 * Errors: what went wrong, where, and what to do about it.
 */

/** Why a call failed. Read its fields; do not take its texts apart. */
typedef struct headwater_error headwater_error;

/**
 * Gives the code, one of `HEADWATER_E_*`, which is also what the call returned; `HEADWATER_OK` for
 * NULL.
 *
 * `error`: Borrowed for the call.
 * Threads: any. Errors: none. Since 0.1.
 */
int32_t headwater_error_code(const headwater_error *error);

/**
 * Gives the name of the code, for example `unknown_field`; absent for NULL.
 *
 * `error`: Borrowed for the call. The text: Borrowed from the library for ever.
 * Threads: any. Errors: none. Since 0.1.
 */
headwater_str headwater_error_name(const headwater_error *error);

/**
 * Gives what was found and what was expected, for a person; absent for NULL.
 *
 * The text: Borrowed from `error` until it is freed.
 * Threads: any. Errors: none. Since 0.1.
 */
headwater_str headwater_error_message(const headwater_error *error);

/**
 * Gives the attribute, the key or the parameter at fault; absent where none is.
 *
 * The text: Borrowed from `error` until it is freed.
 * Threads: any. Errors: none. Since 0.1.
 */
headwater_str headwater_error_field(const headwater_error *error);

/**
 * Gives the record at fault, its id or its place; absent where none is.
 *
 * The text: Borrowed from `error` until it is freed.
 * Threads: any. Errors: none. Since 0.1.
 */
headwater_str headwater_error_record(const headwater_error *error);

/**
 * Gives what to do about it; absent for NULL.
 *
 * The text: Borrowed from `error` until it is freed.
 * Threads: any. Errors: none. Since 0.1.
 */
headwater_str headwater_error_hint(const headwater_error *error);

/**
 * Says whether the same call may succeed later: one of `HEADWATER_RETRY_*`.
 *
 * `error`: Borrowed for the call.
 * Threads: any. Errors: none. Since 0.1.
 */
int32_t headwater_error_retry(const headwater_error *error);

/**
 * Gives the milliseconds to wait, for `HEADWATER_RETRY_AFTER`; 0 for others.
 *
 * `error`: Borrowed for the call.
 * Threads: any. Errors: none. Since 0.1.
 */
uint64_t headwater_error_retry_after_ms(const headwater_error *error);

/**
 * Gives how many further faults of the same input there are.
 *
 * `error`: Borrowed for the call.
 * Threads: any. Errors: none. Since 0.1.
 */
size_t headwater_error_related_count(const headwater_error *error);

/**
 * Gives one of the further faults, from 0; NULL where there is none.
 *
 * The error: Borrowed from `error` until it is freed; never freed itself.
 * Threads: any. Errors: none. Since 0.1.
 */
const headwater_error *headwater_error_related(const headwater_error *error, size_t index);

/**
 * Writes the error out for a person, in lines: code, message, place, hint and causes.
 *
 * `error`: Borrowed for the call. `*out_text`: Owned by the caller; free with
 * `headwater_document_free`.
 * Threads: any. Errors: `invalid_request`. Since 0.1.
 */
int32_t headwater_error_describe(const headwater_error *error,
                                 headwater_document **out_text,
                                 headwater_error **out_error);

/**
 * Frees an error; NULL is none.
 *
 * `error`: not used again, nor what was borrowed from it.
 * Threads: any. Errors: none. Since 0.1.
 */
void headwater_error_free(headwater_error *error);

/*
 * Error codes: the table of all of them, by number.
 */

/** List the record types with the schema command. */
#define HEADWATER_E_UNKNOWN_RECORD_TYPE 1

/** Look at the record type's schema for the attribute's api name. */
#define HEADWATER_E_UNKNOWN_FIELD 2

/** Leave the read-only attribute out of a create. */
#define HEADWATER_E_FIELD_NOT_CREATABLE 3

/** Leave the read-only attribute out of an update. */
#define HEADWATER_E_FIELD_NOT_UPDATABLE 4

/** Give the required attribute a value. */
#define HEADWATER_E_FIELD_REQUIRED_MISSING 5

/** Check the attribute's value type and how it is written. */
#define HEADWATER_E_FIELD_VALUE_INVALID 6

/** Look the record up again: it does not exist or is archived. */
#define HEADWATER_E_RECORD_NOT_FOUND 7

/** Match by something more specific, or merge the duplicates. */
#define HEADWATER_E_AMBIGUOUS_MATCH 8

/** Match by an attribute that the schema marks as unique. */
#define HEADWATER_E_INVALID_MATCHING_FIELD 9

/** Create the referenced record first, or correct the reference. */
#define HEADWATER_E_TARGET_RECORD_NOT_FOUND 10

/** Look at the record type's schema for its relationships. */
#define HEADWATER_E_UNKNOWN_RELATIONSHIP 11

/** Update the record that already holds the value. */
#define HEADWATER_E_UNIQUE_CONFLICT 12

/** Use an operation that the record type supports. */
#define HEADWATER_E_OPERATION_NOT_SUPPORTED 13

/** Filter by an attribute that the schema marks as filterable. */
#define HEADWATER_E_INVALID_FILTER_FIELD 101

/** Use one of the attribute's filter operators in the schema. */
#define HEADWATER_E_INVALID_FILTER_OPERATOR 102

/** Give the filter a value of the attribute's type. */
#define HEADWATER_E_INVALID_FILTER_VALUE 103

/** Shorten the filter's path or its nesting. */
#define HEADWATER_E_FILTER_DEPTH_EXCEEDED 104

/** Sort by at most three attributes. */
#define HEADWATER_E_SORT_TOO_MANY_FIELDS 105

/** Sort by an attribute that the schema marks as sortable. */
#define HEADWATER_E_UNSORTABLE_FIELD 106

/** Start again at the first page. */
#define HEADWATER_E_INVALID_CURSOR 107

/** Correct the shape of the request. */
#define HEADWATER_E_INVALID_REQUEST 201

/** Correct the configuration at the place named. */
#define HEADWATER_E_CONFIG_INVALID 202

/** Give a valid, unexpired API key. */
#define HEADWATER_E_UNAUTHORIZED 203

/** Ask for the permission that is missing. */
#define HEADWATER_E_FORBIDDEN 204

/** Slow down and try again after the time given. */
#define HEADWATER_E_RATE_LIMITED 205

/** Send less at a time. */
#define HEADWATER_E_PAYLOAD_TOO_LARGE 206

/** Give the path of the connector library, or add its folder to HEADWATER_CONNECTOR_PATH. */
#define HEADWATER_E_CONNECTOR_NOT_FOUND 301

/** Rebuild the connector against this version's header. */
#define HEADWATER_E_CONNECTOR_INCOMPATIBLE 302

/** Report a bug to the connector's authors. */
#define HEADWATER_E_CONNECTOR_MISBEHAVED 303

/** Report a bug to the connector's authors. */
#define HEADWATER_E_CONNECTOR_PANICKED 304

/** Check the credentials for the source system. */
#define HEADWATER_E_SOURCE_UNAUTHORIZED 305

/** Check that the source can be reached, then run again to resume. */
#define HEADWATER_E_SOURCE_UNAVAILABLE 306

/** Correct the source at the place named. */
#define HEADWATER_E_SOURCE_DATA_INVALID 307

/** Start over with a full run: --full, in Python full=True, in C HEADWATER_SYNC_FULL. */
#define HEADWATER_E_CHECKPOINT_INVALID 308

/** Try again later. */
#define HEADWATER_E_UNAVAILABLE 401

/** Try again, or allow more time. */
#define HEADWATER_E_TIMEOUT 402

/** Another process is writing the workspace: try again when it is done. */
#define HEADWATER_E_STORE_BUSY 403

/** Free some disk space, then run again to resume. */
#define HEADWATER_E_STORE_FULL 404

/** Restore the workspace from a backup. */
#define HEADWATER_E_STORE_CORRUPT 405

/** Check the workspace's path, its permissions and the disk. */
#define HEADWATER_E_STORE_IO 406

/** Run again to resume. */
#define HEADWATER_E_CANCELLED 501

/** Report this as a bug, with the message. */
#define HEADWATER_E_INTERNAL_ERROR 502

/** A row of the table of error codes. The texts: Borrowed from the library for ever. */
typedef struct {
  /**
   * `sizeof(headwater_code)`, set by the caller; no field beyond it is written, and fields that
   * this library does not know become zero.
   */
  size_t struct_size;
  /** The number, one of `HEADWATER_E_*`. */
  int32_t number;
  /**
   * Whether the same call may succeed later, where an error does not say otherwise: one of
   * `HEADWATER_RETRY_*`.
   */
  int32_t retry;
  /** The status of an HTTP answer with this code. */
  int32_t http_status;
  /** Reserved; 0. */
  int32_t reserved;
  /** The name, for example `unknown_field`. */
  headwater_str name;
  /** What it is about: `record`, `query`, `request`, `source`, `store` or `other`. */
  headwater_str group;
  /** What to do about it, where an error does not say otherwise. */
  headwater_str hint;
} headwater_code;

/**
 * Gives the codes one after the other, from 0; 0 after the last.
 *
 * Threads: any. Errors: none. Since 0.1.
 */
int32_t headwater_code_at(size_t index);

/**
 * Says what a code means.
 *
 * `out_code`: filled as far as its `struct_size` says; all zero after a failure.
 * Threads: any. Errors: `invalid_request` for a number that is no code. Since 0.1.
 */
int32_t headwater_code_describe(int32_t code,
                                headwater_code *out_code,
                                headwater_error **out_error);

/*
 * Workspaces: opened by path or URL, shared by threads, closed.
 */

/** Makes the workspace if there is none. */
#define HEADWATER_OPEN_CREATE 1

/** Makes ids from `id_seed` instead of chance, so that they repeat from run to run: for tests. */
#define HEADWATER_OPEN_ID_SEED 2

/** Leaves a setting of the workspace as it is. */
#define HEADWATER_SETTING_KEEP 0

/** Switches a setting of the workspace on, for later openings too. */
#define HEADWATER_SETTING_ON 1

/** Switches a setting of the workspace off, for later openings too. */
#define HEADWATER_SETTING_OFF 2

/** An open workspace. Any number of threads may use one at the same time. */
typedef struct headwater_workspace headwater_workspace;

/** How a workspace is opened. Borrowed for the call. Zero leaves everything as it is. */
typedef struct {
  /** `sizeof(headwater_open_options)` as the caller knows it. */
  size_t struct_size;
  /** `HEADWATER_OPEN_*`. */
  uint64_t flags;
  /**
   * Whether a second record with a match key that another one holds is refused: one of
   * `HEADWATER_SETTING_*`; off from the beginning.
   */
  int32_t rejects_duplicates;
  /** Whether changes are logged: one of `HEADWATER_SETTING_*`; on from the beginning. */
  int32_t keeps_history;
  /**
   * Under which name changes are logged, a short one, as it is kept with each; empty for
   * `library`.
   */
  headwater_str actor;
  /**
   * For tests: a time that stands still until a write moves it on by a second, for example
   * `2026-01-01T00:00:00Z`; empty for the machine's clock.
   */
  headwater_str clock;
  /** For tests: what ids are made from, with `HEADWATER_OPEN_ID_SEED`. */
  uint64_t id_seed;
} headwater_open_options;

/**
 * Opens a workspace.
 *
 * `url` (the path of a file, or `sqlite:` and a path; or the address of a record API, whose key the
 * environment names), `options` (or NULL): Borrowed for the call.
 * `*out_workspace`: Owned by the caller; free with `headwater_workspace_free`.
 * Threads: any. Errors: `config_invalid`, `invalid_request`, `field_value_invalid` (of `clock`);
 * `store_io`, `store_corrupt`, `store_busy`. Since 0.1.
 */
int32_t headwater_workspace_open(headwater_str url,
                                 const headwater_open_options *options,
                                 headwater_workspace **out_workspace,
                                 headwater_error **out_error);

/**
 * Closes a workspace: does what is left to do, and lets go of its files once the calls that are
 * running have ended. Later calls are refused. Closed again, it stays closed.
 *
 * Nothing that a call has written depends on this: each commits before it returns.
 *
 * `workspace`: Borrowed for the call.
 * Threads: any. Errors: `store_io`, `store_full`; the workspace is closed in any case. Since 0.1.
 */
int32_t headwater_workspace_close(const headwater_workspace *workspace,
                                  headwater_error **out_error);

/**
 * Frees a workspace; NULL is none. One that is not closed is closed, without what
 * `headwater_workspace_close` does beforehand; nothing is lost by that.
 *
 * `workspace`: not used again. Queries and syncs that were made from it may still be freed, and are
 * refused otherwise.
 * Threads: any, once no call on it is running. Errors: none. Since 0.1.
 */
void headwater_workspace_free(headwater_workspace *workspace);

/**
 * Puts the records of JSON Lines into a workspace, all or none, those that the API only reads among
 * them: each line an object with `record_type`, `attributes` and, if wanted, `relationships`.
 *
 * `workspace`, `lines`: Borrowed for the call. `*out_outcomes`: Owned by the caller; free with
 * `headwater_document_free`. It is `{"records": [{"action", "id"}]}`.
 * Threads: any. Errors: at the line (`record`) `invalid_request` and what is wrong with a record;
 * `store_busy`, `store_full`, `store_io`. Since 0.1.
 */
int32_t headwater_workspace_seed(const headwater_workspace *workspace,
                                 headwater_str lines,
                                 headwater_document **out_outcomes,
                                 headwater_error **out_error);

/*
 * Remote workspaces: the record API of a CRM, or of a twin of it, and how it is reached.
 */

/** How a remote workspace is reached. Borrowed for the call. Zero is what is usual. */
typedef struct {
  /** `sizeof(headwater_remote_options)` as the caller knows it. */
  size_t struct_size;
  /** Reserved for flags; 0. */
  uint64_t flags;
  /**
   * The key that requests bring; empty for the one that the environment names, if it names one.
   */
  headwater_str api_key;
  /**
   * The path of the file that remembers runs and what was delivered; empty for one in the present
   * folder that is named after the host.
   */
  headwater_str ledger;
  /**
   * Requests a second, at most, and no fewer than 0.1; 0 leaves it to what the workspace answers.
   */
  double requests_per_second;
  /** Requests at the same time, at most; 0 for 32. */
  uint32_t concurrency;
  /** For how many milliseconds a request is tried again where that may help; 0 for a minute. */
  uint32_t patience_ms;
} headwater_remote_options;

/**
 * Opens a remote workspace, with the limits that its requests keep. Nothing is sent yet.
 *
 * `headwater_workspace_open` opens one too, in the usual way; a job says in its `[target]` how its own is
 * reached.
 *
 * `url` (the address of a record API, for example `https://api.reevo.ai/api/v2`), `options` (or NULL):
 * Borrowed for the call. `*out_workspace`: Owned by the caller; free with `headwater_workspace_free`.
 * Threads: any. Errors: `config_invalid` for what is no address or holds a secret, for a key that others
 * could read on its way, and for a rate that none can be kept at; `invalid_request`. Since 0.1.
 */
int32_t headwater_workspace_open_remote(headwater_str url,
                                        const headwater_remote_options *options,
                                        headwater_workspace **out_workspace,
                                        headwater_error **out_error);

/*
 * Records: made, read, changed, archived, asserted, one at a time.
 *
 * A record is a JSON object with `id`, `record_type`, `attributes` and times, as the CRM writes it.
 */

/** The record, item or edge was made. */
#define HEADWATER_ACTION_CREATED 1

/** It was changed. */
#define HEADWATER_ACTION_UPDATED 2

/** It was that way already; nothing was written. */
#define HEADWATER_ACTION_UNCHANGED 3

/** The record was archived. */
#define HEADWATER_ACTION_ARCHIVED 4

/** The record was brought back. */
#define HEADWATER_ACTION_RESTORED 5

/** The item or edge was taken away. */
#define HEADWATER_ACTION_REMOVED 6

/**
 * Makes a record.
 *
 * `workspace`, `record_type`, `attributes` (a JSON object): Borrowed for the call. `*out_record`:
 * Owned by the caller; free with `headwater_document_free`.
 * Threads: any. Errors: `unknown_record_type`, `operation_not_supported`, `unknown_field`,
 * `field_not_creatable`, `field_required_missing`, `field_value_invalid`,
 * `target_record_not_found`, `ambiguous_match`, `invalid_matching_field`, `unique_conflict`;
 * `store_busy`, `store_full`, `store_io`. Since 0.1.
 */
int32_t headwater_record_create(const headwater_workspace *workspace,
                                headwater_str record_type,
                                headwater_str attributes,
                                headwater_document **out_record,
                                headwater_error **out_error);

/**
 * Reads a record.
 *
 * `workspace`, `record_type`, `id`: Borrowed for the call. `*out_record`: Owned by the caller; free
 * with `headwater_document_free`.
 * Threads: any. Errors: `unknown_record_type`, `record_not_found`; `store_busy`, `store_io`.
 * Since 0.1.
 */
int32_t headwater_record_get(const headwater_workspace *workspace,
                             headwater_str record_type,
                             headwater_str id,
                             headwater_document **out_record,
                             headwater_error **out_error);

/**
 * Changes the attributes that are given; null clears one.
 *
 * `workspace`, `record_type`, `id`, `attributes` (a JSON object): Borrowed for the call.
 * `*out_record`, the record as it then is: Owned by the caller; free with
 * `headwater_document_free`.
 * Threads: any. Errors: `record_not_found`, `field_not_updatable`, and as
 * `headwater_record_create`. Since 0.1.
 */
int32_t headwater_record_patch(const headwater_workspace *workspace,
                               headwater_str record_type,
                               headwater_str id,
                               headwater_str attributes,
                               headwater_document **out_record,
                               headwater_error **out_error);

/**
 * Hides a record from reads, queries and matches.
 *
 * `workspace`, `record_type`, `id`: Borrowed for the call.
 * Threads: any. Errors: `unknown_record_type`, `operation_not_supported`, `record_not_found`;
 * `store_busy`, `store_full`, `store_io`. Since 0.1.
 */
int32_t headwater_record_archive(const headwater_workspace *workspace,
                                 headwater_str record_type,
                                 headwater_str id,
                                 headwater_error **out_error);

/**
 * Brings an archived record back, with its match keys.
 *
 * `workspace`, `record_type`, `id`: Borrowed for the call. `*out_record`: Owned by the caller; free
 * with `headwater_document_free`.
 * Threads: any. Errors: `unique_conflict` where another record has taken what no two may share, and
 * as `headwater_record_archive`. Since 0.1.
 */
int32_t headwater_record_restore(const headwater_workspace *workspace,
                                 headwater_str record_type,
                                 headwater_str id,
                                 headwater_document **out_record,
                                 headwater_error **out_error);

/**
 * Updates the one record that matches, or makes it.
 *
 * `workspace`, `record_type`, `match` (a JSON object with a match key), `attributes` (a JSON
 * object): Borrowed for the call. `out_action` (or NULL) gets one of `HEADWATER_ACTION_*`.
 * `*out_record`, the record as it then is: Owned by the caller; free with
 * `headwater_document_free`.
 * Threads: any; of two at the same time on one new key, one creates and the other updates.
 * Errors: `invalid_matching_field`, `ambiguous_match`, and as `headwater_record_create` or
 * `headwater_record_patch`. Since 0.1.
 */
int32_t headwater_record_assert(const headwater_workspace *workspace,
                                headwater_str record_type,
                                headwater_str match,
                                headwater_str attributes,
                                int32_t *out_action,
                                headwater_document **out_record,
                                headwater_error **out_error);

/**
 * Updates the one record that matches; where none does, fails.
 *
 * `workspace`, `record_type`, `match` (a JSON object with a match key), `attributes` (a JSON
 * object): Borrowed for the call. `out_action` (or NULL) gets one of `HEADWATER_ACTION_*`.
 * `*out_record`, the record as it then is: Owned by the caller; free with
 * `headwater_document_free`.
 * Threads: any. Errors: `record_not_found`, `invalid_matching_field`, `ambiguous_match`, and as
 * `headwater_record_patch`. Since 0.1.
 */
int32_t headwater_record_update(const headwater_workspace *workspace,
                                headwater_str record_type,
                                headwater_str match,
                                headwater_str attributes,
                                int32_t *out_action,
                                headwater_document **out_record,
                                headwater_error **out_error);

/**
 * Reads one page of what happened to a record, archived or not, the latest change first.
 *
 * `workspace`, `record_type`, `id`, `parameters` (a JSON object that may hold `limit` and `cursor`,
 * or empty): Borrowed for the call. `*out_page`: Owned by the caller; free with
 * `headwater_document_free`. It is `{"data": [..], "next_cursor"}`.
 * Threads: any. Errors: `unknown_record_type`, `record_not_found`, `operation_not_supported`,
 * `invalid_request`, `invalid_cursor`; `store_busy`, `store_io`. Since 0.1.
 */
int32_t headwater_record_history(const headwater_workspace *workspace,
                                 headwater_str record_type,
                                 headwater_str id,
                                 headwater_str parameters,
                                 headwater_document **out_page,
                                 headwater_error **out_error);

/*
 * Queries: the records that fulfil filters, page after page.
 */

/** A query that is being read. One thread at a time uses it. */
typedef struct headwater_query headwater_query;

/**
 * Begins to read the records that fulfil filters; reads nothing yet, but refuses what cannot be
 * asked.
 *
 * `workspace`, `record_type`, `body` (a JSON object that may hold `filters`, `sort`, `limit` and
 * `cursor`, or empty): Borrowed for the call. `*out_query`: Owned by the caller; free with
 * `headwater_query_free`. Activities take `contact_id` and their like, as the CRM has it.
 * Threads: any. Errors: `unknown_record_type`, `invalid_request`, `invalid_filter_field`,
 * `invalid_filter_operator`, `invalid_filter_value`, `filter_depth_exceeded`,
 * `sort_too_many_fields`, `unsortable_field`, `invalid_cursor`. Since 0.1.
 */
int32_t headwater_query_open(const headwater_workspace *workspace,
                             headwater_str record_type,
                             headwater_str body,
                             headwater_query **out_query,
                             headwater_error **out_error);

/**
 * Reads the next page, `HEADWATER_OK`; after the last one `HEADWATER_DONE`.
 *
 * `query`: Borrowed for the call. `*out_page`: Owned by the caller; free with
 * `headwater_document_free`. It is `{"data": [record], "next_cursor"}`, where `next_cursor` may
 * begin another query that goes on from there; NULL after the last page. A page may be read again
 * after an error.
 * Threads: one at a time. Errors: as `headwater_query_open`, `invalid_request` after the workspace
 * was closed; `store_busy`, `store_io`. Since 0.1.
 */
int32_t headwater_query_next(headwater_query *query,
                             headwater_document **out_page,
                             headwater_error **out_error);

/**
 * Frees a query; NULL is none.
 *
 * `query`: not used again.
 * Threads: any, once no call on it is running. Errors: none. Since 0.1.
 */
void headwater_query_free(headwater_query *query);

/*
 * Items: the e-mails, phone numbers and domains of a record, edited one by one.
 *
 * An item is a JSON object as the CRM writes it; its id stands in `id`, a domain is its own.
 */

/**
 * Adds an item to an array attribute. One that is there already is made what is given.
 *
 * `workspace`, `record_type`, `id`, `attribute`, `body` (a JSON object): Borrowed for the call.
 * `out_action` (or NULL) gets one of `HEADWATER_ACTION_*`. `*out_item`: Owned by the caller; free
 * with `headwater_document_free`.
 * Threads: any. Errors: `unknown_record_type`, `record_not_found`, `unknown_field`,
 * `operation_not_supported` for an attribute without items, `field_required_missing`,
 * `field_not_creatable`, `field_value_invalid`, `unique_conflict`; `store_busy`, `store_full`,
 * `store_io`. Since 0.1.
 */
int32_t headwater_item_add(const headwater_workspace *workspace,
                           headwater_str record_type,
                           headwater_str id,
                           headwater_str attribute,
                           headwater_str body,
                           int32_t *out_action,
                           headwater_document **out_item,
                           headwater_error **out_error);

/**
 * Changes the parts of an item that are given.
 *
 * `workspace`, `record_type`, `id`, `attribute`, `item` (its id, or the domain), `body` (a JSON
 * object): Borrowed for the call. `*out_item`, the item as it then is: Owned by the caller; free
 * with `headwater_document_free`.
 * Threads: any. Errors: `field_not_updatable`, `record_not_found` also for an item that is not
 * there, `invalid_request` for an id that is none, and as `headwater_item_add`. Since 0.1.
 */
int32_t headwater_item_update(const headwater_workspace *workspace,
                              headwater_str record_type,
                              headwater_str id,
                              headwater_str attribute,
                              headwater_str item,
                              headwater_str body,
                              headwater_document **out_item,
                              headwater_error **out_error);

/**
 * Takes an item away; where it was primary, the first of the others is from then on.
 *
 * `workspace`, `record_type`, `id`, `attribute`, `item` (its id, or the domain): Borrowed for the
 * call.
 * Threads: any. Errors: `unknown_record_type`, `record_not_found` for the record or the item,
 * `unknown_field`, `operation_not_supported`, `invalid_request`; `store_busy`, `store_full`,
 * `store_io`. Since 0.1.
 */
int32_t headwater_item_remove(const headwater_workspace *workspace,
                              headwater_str record_type,
                              headwater_str id,
                              headwater_str attribute,
                              headwater_str item,
                              headwater_error **out_error);

/*
 * Edges: what a record is linked to.
 *
 * An edge is `{"parent", "api_name", "item"}` as the CRM writes it.
 */

/**
 * Lists one page of the records that a record is linked to by a relationship.
 *
 * `workspace`, `record_type`, `id`, `relationship`, `parameters` (a JSON object that may hold
 * `limit` and `cursor`, or empty): Borrowed for the call. `*out_page`: Owned by the caller; free
 * with `headwater_document_free`. It is `{"parent", "api_name", "items", "next_cursor"}`.
 * Threads: any. Errors: `unknown_record_type`, `unknown_relationship`, `record_not_found`,
 * `invalid_request`, `invalid_cursor`; `store_busy`, `store_io`. Since 0.1.
 */
int32_t headwater_edge_list(const headwater_workspace *workspace,
                            headwater_str record_type,
                            headwater_str id,
                            headwater_str relationship,
                            headwater_str parameters,
                            headwater_document **out_page,
                            headwater_error **out_error);

/**
 * Links a record to the one that `related_record_id` or `related_record_match` of `body` names;
 * what the link says of itself stands beside that. A link that is there already is made what is
 * given.
 *
 * `workspace`, `record_type`, `id`, `relationship`, `body` (a JSON object): Borrowed for the call.
 * `out_action` (or NULL) gets one of `HEADWATER_ACTION_*`. `*out_edge`: Owned by the caller; free
 * with `headwater_document_free`.
 * Threads: any. Errors: `unknown_record_type`, `unknown_relationship`, `record_not_found`,
 * `field_not_updatable`, `unknown_field`, `field_value_invalid`, `target_record_not_found`,
 * `ambiguous_match`, `invalid_matching_field`; `store_busy`, `store_full`, `store_io`. Since 0.1.
 */
int32_t headwater_edge_add(const headwater_workspace *workspace,
                           headwater_str record_type,
                           headwater_str id,
                           headwater_str relationship,
                           headwater_str body,
                           int32_t *out_action,
                           headwater_document **out_edge,
                           headwater_error **out_error);

/**
 * Changes what a link says of itself.
 *
 * `workspace`, `record_type`, `id`, `relationship`, `target` (the id of the other record), `body` (a
 * JSON object): Borrowed for the call. `*out_edge`: Owned by the caller; free with
 * `headwater_document_free`.
 * Threads: any. Errors: `operation_not_supported` where links say nothing of themselves,
 * `target_record_not_found` for a record that is not linked, and as `headwater_edge_add`.
 * Since 0.1.
 */
int32_t headwater_edge_update(const headwater_workspace *workspace,
                              headwater_str record_type,
                              headwater_str id,
                              headwater_str relationship,
                              headwater_str target,
                              headwater_str body,
                              headwater_document **out_edge,
                              headwater_error **out_error);

/**
 * Takes the link between two records away.
 *
 * `workspace`, `record_type`, `id`, `relationship`, `target` (the id of the other record): Borrowed
 * for the call.
 * Threads: any. Errors: `unknown_record_type`, `unknown_relationship`, `record_not_found`,
 * `field_not_updatable`, `target_record_not_found` for a record that is not linked; `store_busy`,
 * `store_full`, `store_io`. Since 0.1.
 */
int32_t headwater_edge_remove(const headwater_workspace *workspace,
                              headwater_str record_type,
                              headwater_str id,
                              headwater_str relationship,
                              headwater_str target,
                              headwater_error **out_error);

/*
 * Schema: which record types there are, their attributes and relationships, and what a workspace
 * adds to them.
 */

/**
 * Describes a record type, its attributes, operators and relationships, or a junction.
 *
 * `workspace`, `record_type`: Borrowed for the call. `*out_schema`: Owned by the caller; free with
 * `headwater_document_free`.
 * Threads: any. Errors: `unknown_record_type`. Since 0.1.
 */
int32_t headwater_schema_get(const headwater_workspace *workspace,
                             headwater_str record_type,
                             headwater_document **out_schema,
                             headwater_error **out_error);

/**
 * Describes every record type; of a remote workspace the standard ones, as it gave those that were
 * asked for, and every other one that was named before.
 *
 * `workspace`: Borrowed for the call. `*out_schemas`: Owned by the caller; free with
 * `headwater_document_free`. It is `{"data": [schema]}`.
 * Threads: any. Errors: `invalid_request` for a closed workspace. Since 0.1.
 */
int32_t headwater_schema_list(const headwater_workspace *workspace,
                              headwater_document **out_schemas,
                              headwater_error **out_error);

/**
 * Lists the pipelines of opportunities with their stages.
 *
 * `workspace`: Borrowed for the call. `*out_pipelines`: Owned by the caller; free with
 * `headwater_document_free`. It is `{"data": [pipeline]}`.
 * Threads: any. Errors: `invalid_request` for a closed workspace. Since 0.1.
 */
int32_t headwater_schema_pipelines(const headwater_workspace *workspace,
                                   headwater_document **out_pipelines,
                                   headwater_error **out_error);

/**
 * Adds custom objects and custom fields, at once and for good; what is declared in the same way
 * already stays as it is.
 *
 * `workspace`, `declarations` (a JSON object with `record_types` and `custom_fields`, as in a schema
 * file): Borrowed for the call. `*out_declared`: Owned by the caller; free with
 * `headwater_document_free`. It is `{"added": [name], "changed": [name]}`.
 * Threads: any. Errors: `config_invalid`, `unknown_record_type`, `operation_not_supported`;
 * `store_busy`, `store_full`, `store_io`. Since 0.1.
 */
int32_t headwater_schema_declare(const headwater_workspace *workspace,
                                 headwater_str declarations,
                                 headwater_document **out_declared,
                                 headwater_error **out_error);

/*
 * Batches: many operations in one transaction.
 */

/**
 * One operation that fails keeps the whole batch from being written; the others end as
 * `cancelled`. Without it each outcome stands alone.
 */
#define HEADWATER_BATCH_ALL_OR_NOTHING 1

/** Outcomes carry the whole record. */
#define HEADWATER_BATCH_RECORDS 2

/** How a batch is applied. Borrowed for the call. */
typedef struct {
  /** `sizeof(headwater_batch_options)` as the caller knows it. */
  size_t struct_size;
  /** `HEADWATER_BATCH_*`. */
  uint64_t flags;
} headwater_batch_options;

/**
 * Applies operations in order, each seeing those before it, in one transaction.
 *
 * `operations` are JSON Lines: each an object with `do` (`create`, `patch`, `archive`, `restore`,
 * `assert`, `update`, `add_item`, `update_item`, `remove_item`, `add_edge`, `update_edge`,
 * `remove_edge`), `record_type` and what the call of that name takes: `id`, `match`, `attributes`,
 * `attribute`, `item`, `relationship`, `target`, `body`.
 *
 * `workspace`, `operations`, `options` (or NULL): Borrowed for the call. `*out_outcomes`: Owned by
 * the caller; free with `headwater_document_free`. It has a line for each operation, in their order:
 * `{"action", "id"}`, with `data` where records are asked for, or `{"error"}`.
 * Threads: any. Errors: what is wrong with one operation is its outcome; what keeps the batch from
 * being written is the error: `invalid_request`, `store_busy`, `store_full`, `store_io`. Since 0.1.
 */
int32_t headwater_batch_apply(const headwater_workspace *workspace,
                              headwater_str operations,
                              const headwater_batch_options *options,
                              headwater_document **out_outcomes,
                              headwater_error **out_error);

/*
 * Bulk: rows of one record type, as JSON Lines or Arrow, at the speed of a sync, an outcome for each.
 */

/** Updates the one record that matches a row, or makes it. */
#define HEADWATER_BULK_ASSERT 0

/** Makes a record of each row, whatever is there. */
#define HEADWATER_BULK_CREATE 1

/** Updates the one record that matches a row, and refuses a row that matches none. */
#define HEADWATER_BULK_UPDATE 2

/** One refused row keeps all from being written; all of them are then held in memory at once. */
#define HEADWATER_BULK_ALL_OR_NOTHING 1

/** A null leaves its attribute alone. Without it a null clears. */
#define HEADWATER_BULK_KEEP_NULLS 2

/** Columns that name no attribute are left out. Without it they are refused. */
#define HEADWATER_BULK_IGNORE_UNKNOWN 4

/** What rows become. Borrowed for the call. */
typedef struct {
  /** `sizeof(headwater_bulk_options)` as the caller knows it. */
  size_t struct_size;
  /** `HEADWATER_BULK_*`. */
  uint64_t flags;
  /**
   * What is done with a row: `HEADWATER_BULK_ASSERT`, `HEADWATER_BULK_CREATE` or
   * `HEADWATER_BULK_UPDATE`.
   */
  int32_t mode;
  /** Reserved; 0. */
  int32_t reserved;
  /** Rows of one transaction, at most; 0 for what is best. */
  size_t commit_rows;
  /** The record type. */
  headwater_str record_type;
  /** The match key, for example `primary_email`, or `id`; empty for creates. */
  headwater_str match_by;
  /** The region of phone numbers without a country code, for example `US`; or empty. */
  headwater_str default_region;
  /**
   * Columns that are not named like their attribute, or whose nulls mean something else: a JSON
   * object of `{"column": {"attribute": "title", "null": "keep" or "clear"}}`; or empty.
   */
  headwater_str columns;
} headwater_bulk_options;

/**
 * Applies rows that are JSON Lines, each an object of columns; a key that is not there is absent.
 *
 * `workspace`, `options`, `rows`: Borrowed for the call. `*out_outcomes`: Owned by the caller; free
 * with `headwater_document_free`. It has a line for each row, in their order: `{"row", "action",
 * "id"}`, or `{"row", "error", "text"}`. `*out_report`: Owned by the caller; free with
 * `headwater_document_free`. It is `{"read", "created", "updated", "unchanged", "rejected",
 * "rejects", "unused_columns", "missing_columns"}`. Work that began and did not come to its end
 * gives both, and an error.
 * Threads: any. Errors: what is wrong with one row is its outcome; `config_invalid`,
 * `unknown_record_type`, `unknown_field`, `operation_not_supported`, `invalid_request`;
 * `store_busy`, `store_full`, `store_io`. Since 0.1.
 */
int32_t headwater_bulk_lines(const headwater_workspace *workspace,
                             const headwater_bulk_options *options,
                             headwater_str rows,
                             headwater_document **out_outcomes,
                             headwater_document **out_report,
                             headwater_error **out_error);

/**
 * Applies rows that come as Arrow record batches (Arrow C Stream Interface).
 *
 * `workspace`, `options`: Borrowed for the call. `rows`: moved out, and released once, also where the
 * call fails; what it gives is checked before it is used. It is called on another thread, one call at
 * a time, and not after the return. `out_outcomes`: a stream that the caller owns, and frees with its
 * `release`; its columns are `row` (uint64), `action`, `id`, and of refused rows `code`, `field`,
 * `message`, `hint`, `text` (utf8). `*out_report`: Owned by the caller; free with
 * `headwater_document_free`. It is as in `headwater_bulk_lines`. Work that began and did not come to
 * its end gives both, and an error; where it did not begin, `release` and `*out_report` are NULL.
 * Threads: any. Errors: `source_data_invalid` for a stream that fails or is wrong, and as
 * `headwater_bulk_lines`. Since 0.1.
 */
int32_t headwater_bulk_arrow(const headwater_workspace *workspace,
                             const headwater_bulk_options *options,
                             struct ArrowArrayStream *rows,
                             struct ArrowArrayStream *out_outcomes,
                             headwater_document **out_report,
                             headwater_error **out_error);

/*
 * Copies: the states of a workspace that a test returns to.
 */

/**
 * Writes a copy of the present state to a file that is not there yet.
 *
 * `workspace`, `path`: Borrowed for the call.
 * Threads: any. Errors: `operation_not_supported`; `store_io`, `store_full`, `store_busy`. Since 0.1.
 */
int32_t headwater_workspace_copy_to(const headwater_workspace *workspace,
                                    headwater_str path,
                                    headwater_error **out_error);

/**
 * Becomes what a copy holds, in one transaction; API keys stay as they are.
 *
 * `workspace`, `path` (of a file that `headwater_workspace_copy_to` wrote): Borrowed for the call.
 * Threads: any. Errors: `operation_not_supported`; `store_io`, `store_corrupt`, `store_full`,
 * `store_busy`; then nothing has changed. Since 0.1.
 */
int32_t headwater_workspace_return_to(const headwater_workspace *workspace,
                                      headwater_str path,
                                      headwater_error **out_error);

/*
 * Connectors: the libraries that a sync can read from, where they are looked for, and what they are.
 */

/** Folders in which connectors are looked for. */
typedef struct headwater_connectors headwater_connectors;

/**
 * Says where connectors are looked for; loads none.
 *
 * `search_path` (folders, separated as in `PATH`; empty for the usual ones: those of
 * `HEADWATER_CONNECTOR_PATH`, the user's, and the one beside this library): Borrowed for the call. `*out_connectors`: Owned by the caller; free with `headwater_connectors_free`.
 * Threads: any. Errors: `invalid_request`. Since 0.1.
 */
int32_t headwater_connectors_open(headwater_str search_path,
                                  headwater_connectors **out_connectors,
                                  headwater_error **out_error);

/**
 * Lists the folders in the order of the search.
 *
 * `connectors`: Borrowed for the call. `*out_folders`: Owned by the caller; free with
 * `headwater_document_free`. It is `{"folders": [path]}`.
 * Threads: any. Errors: `invalid_request`. Since 0.1.
 */
int32_t headwater_connectors_search_path(const headwater_connectors *connectors,
                                         headwater_document **out_folders,
                                         headwater_error **out_error);

/**
 * Loads every connector in the folders, and says of each what it is or why it cannot be used.
 *
 * `connectors`: Borrowed for the call. `*out_list`: Owned by the caller; free with
 * `headwater_document_free`. It is `{"connectors": [{"name", "version", "path"} or {"path",
 * "error"}]}`, where the name is the one by which it is found.
 * Threads: any. Errors: `invalid_request`. Since 0.1.
 */
int32_t headwater_connectors_list(const headwater_connectors *connectors,
                                  headwater_document **out_list,
                                  headwater_error **out_error);

/**
 * Loads a connector, once for the life of the process, and says what it is.
 *
 * `connectors`, `name` (of a connector in the folders, or the path of a library): Borrowed for the
 * call. `*out_description`: Owned by the caller; free with `headwater_document_free`. It is
 * `{"name", "version", "path", "config_schema"}`.
 * Threads: any. Errors: `connector_not_found` with every place that was looked at,
 * `connector_incompatible`, `connector_misbehaved`, `connector_panicked`, `timeout`. Since 0.1.
 */
int32_t headwater_connectors_load(const headwater_connectors *connectors,
                                  headwater_str name,
                                  headwater_document **out_description,
                                  headwater_error **out_error);

/**
 * Tries a connector against the rules that every one keeps; with a configuration it is read too.
 *
 * `connectors`, `name` (as for `headwater_connectors_load`), `config` (a JSON object, or empty):
 * Borrowed for the call. `*out_report`: Owned by the caller; free with `headwater_document_free`. It
 * is `{"passed", "checks": [{"name", "outcome", "detail"}]}`.
 * Threads: any. Errors: as `headwater_connectors_load`. Since 0.1.
 */
int32_t headwater_connectors_test(const headwater_connectors *connectors,
                                  headwater_str name,
                                  headwater_str config,
                                  headwater_document **out_report,
                                  headwater_error **out_error);

/**
 * Frees the folders, not the connectors in them; NULL is none.
 *
 * `connectors`: not used again; syncs that were opened with it go on.
 * Threads: any, once no call on it is running. Errors: none. Since 0.1.
 */
void headwater_connectors_free(headwater_connectors *connectors);

/*
 * Progress: what a sync tells the program while it runs.
 *
 * These functions are the program's. They must not throw, nor leave by `longjmp`.
 */

/** How far a stream is committed. Borrowed for the call. */
typedef struct {
  /** `sizeof(headwater_progress)` as the library knows it; read no field that lies beyond it. */
  size_t struct_size;
  /** The id of the run. */
  headwater_str run;
  /** The stream of the source. */
  headwater_str source;
  /** The record type that its rows become. */
  headwater_str record_type;
  /** Rows that were read. */
  uint64_t read;
  /** Records that were made. */
  uint64_t created;
  /** Records that were changed. */
  uint64_t updated;
  /** Records that were that way already. */
  uint64_t unchanged;
  /** Records that were archived. */
  uint64_t archived;
  /** Rows that were refused. */
  uint64_t rejected;
} headwater_progress;

/**
 * Is told how far a run is, after every commit, on the thread of the run. 0 goes on; anything else
 * stops the run as `headwater_sync_cancel` does.
 */
typedef int32_t (*headwater_progress_fn)(void *context, const headwater_progress *progress);

/**
 * Gets a line that the connector logs; `level` is one of `HEADWATER_LOG_*`. On any thread, but never
 * two lines at the same time. `message`: Borrowed for the call.
 */
typedef void (*headwater_log_fn)(void *context, int32_t level, headwater_str message);

/*
 * Syncs: a job's rows read through a connector and brought into a workspace, resumable, with
 * progress, and cancelled from another thread.
 */

/** Starts over instead of resuming a run that did not end. */
#define HEADWATER_SYNC_FULL 1

/** A job that can be run. One thread at a time uses it, but any may cancel it. */
typedef struct headwater_sync headwater_sync;

/**
 * How a job is run. Borrowed for the call; what `context` leads to is used until the sync is freed.
 */
typedef struct {
  /** `sizeof(headwater_sync_options)` as the caller knows it. */
  size_t struct_size;
  /** `HEADWATER_SYNC_*`. */
  uint64_t flags;
  /** Where the connector is looked for; NULL for the usual folders. Copied. */
  const headwater_connectors *connectors;
  /**
   * The workspace that the rows go to, in place of the one that the job names; or NULL. Once it is
   * closed or freed, the sync is refused.
   */
  const headwater_workspace *workspace;
  /** Passed back to the functions below. */
  void *context;
  /** Is told how far a run is; or NULL. */
  headwater_progress_fn progress;
  /** Gets what the connector logs; or NULL. */
  headwater_log_fn log;
} headwater_sync_options;

/**
 * Gives the JSON Schema of job files.
 *
 * The text: Borrowed from the library for ever.
 * Threads: any. Errors: none. Since 0.1.
 */
headwater_str headwater_sync_job_schema(void);

/**
 * Reads a job; touches neither its source nor its workspace.
 *
 * `job` (the text of a job file, TOML), `folder` (that relative paths in it are taken from; empty
 * for the current one), `options` (or NULL): Borrowed for the call. `*out_sync`: Owned by the caller;
 * free with `headwater_sync_free`.
 * Threads: any. Errors: `config_invalid` with the place in the text, `invalid_request`. Since 0.1.
 */
int32_t headwater_sync_open(headwater_str job,
                            headwater_str folder,
                            const headwater_sync_options *options,
                            headwater_sync **out_sync,
                            headwater_error **out_error);

/**
 * As `headwater_sync_open`, for a job in a file; relative paths in it are taken from its folder.
 *
 * `path`, `options` (or NULL): Borrowed for the call. `*out_sync`: Owned by the caller; free with
 * `headwater_sync_free`.
 * Threads: any. Errors: as `headwater_sync_open`. Since 0.1.
 */
int32_t headwater_sync_open_file(headwater_str path,
                                 const headwater_sync_options *options,
                                 headwater_sync **out_sync,
                                 headwater_error **out_error);

/**
 * Checks a job against its source and its workspace, without reading a row.
 *
 * `sync`: Borrowed for the call. `*out_streams`, what the source offers of it: Owned by the caller;
 * free with `headwater_document_free`. It is `{"streams": [{"name", "fields", ..}]}`.
 * Threads: one at a time. Errors: `config_invalid` with the place and the nearest right name,
 * `connector_not_found`, and what the connector reports. Since 0.1.
 */
int32_t headwater_sync_check(headwater_sync *sync,
                             headwater_document **out_streams,
                             headwater_error **out_error);

/**
 * Asks the source of a job for all that it offers.
 *
 * `sync`: Borrowed for the call. `*out_streams`: Owned by the caller; free with
 * `headwater_document_free`. It is as in `headwater_sync_check`.
 * Threads: one at a time. Errors: `connector_not_found`, and what the connector reports. Since 0.1.
 */
int32_t headwater_sync_discover(headwater_sync *sync,
                                headwater_document **out_streams,
                                headwater_error **out_error);

/**
 * Runs a job to its end; resumes what an earlier run of the same job left unfinished.
 *
 * `sync`: Borrowed for the call. `*out_report`, what was committed: Owned by the caller; free with
 * `headwater_document_free`. It is `{"run", "state", "streams": [{"read", "created", ..}], ..}`. A run
 * that began and did not come to its end gives both a report and an error.
 * Threads: one at a time; `progress` is called on this thread, `log` on any. Errors: `cancelled`
 * after `headwater_sync_cancel`; `config_invalid`, `connector_not_found`, what the connector
 * reports; `store_busy`, `store_full`, `store_io`. Since 0.1.
 */
int32_t headwater_sync_run(headwater_sync *sync,
                           headwater_document **out_report,
                           headwater_error **out_error);

/**
 * Asks the run, check or discovery that is going on to stop, or the next one if none is; returns at
 * once. One that has done its work already ends as if it had not been asked. What is committed stays,
 * and the next run resumes.
 *
 * `sync`: Borrowed for the call.
 * Threads: any, also while `headwater_sync_run` is running, and from its callbacks. Errors: none; NULL
 * is none. Since 0.1.
 */
void headwater_sync_cancel(const headwater_sync *sync);

/**
 * Frees a sync; NULL is none. Waits for `log` where it is being called, and `log` is not called
 * after that.
 *
 * `sync`: not used again.
 * Threads: any, once no call on it is running, but not in `log`. Errors: none. Since 0.1.
 */
void headwater_sync_free(headwater_sync *sync);

/*
 * Deliveries: what a job's run would ask of a remote workspace, and whether what it brought is there.
 */

/**
 * Reads the rows that a run would read, and says what they would ask of a remote workspace; writes
 * nothing there.
 *
 * `sync`: Borrowed for the call. `*out_estimate`: Owned by the caller; free with
 * `headwater_document_free`. It is `{"rows", "refused", "unchanged", "requests", "seconds"}`, where
 * `seconds` is null while no rate is known.
 * Threads: one at a time. Errors: `operation_not_supported` where the workspace is not remote;
 * `cancelled`, and as `headwater_sync_run`. Since 0.1.
 */
int32_t headwater_sync_estimate(headwater_sync *sync,
                                headwater_document **out_estimate,
                                headwater_error **out_error);

/**
 * Compares what a job has brought to a remote workspace with what is there now.
 *
 * `sync`: Borrowed for the call. `*out_drifts`: Owned by the caller; free with
 * `headwater_document_free`. It is `{"drifts": [{"record_type", "read", "known", "changed", "gone"}]}`.
 * Threads: one at a time. Errors: `operation_not_supported` where the workspace is not remote;
 * `cancelled`, and what a remote workspace ends with. Since 0.1.
 */
int32_t headwater_sync_verify(headwater_sync *sync,
                              headwater_document **out_drifts,
                              headwater_error **out_error);

/*
 * Runs and rejects: what a workspace remembers of its syncs.
 */

/**
 * Lists the latest runs of syncs, newest first.
 *
 * `workspace`: Borrowed for the call. `limit`: how many at most. `*out_runs`: Owned by the caller;
 * free with `headwater_document_free`. It is `{"data": [run]}`.
 * Threads: any. Errors: `store_busy`, `store_io`, `store_corrupt`. Since 0.1.
 */
int32_t headwater_run_list(const headwater_workspace *workspace,
                           size_t limit,
                           headwater_document **out_runs,
                           headwater_error **out_error);

/**
 * Gives the rows that syncs refused, in the order of runs and places: JSON Lines.
 *
 * `workspace`, `run` (the id of one run, or empty), `code` (the name of one code, or empty): Borrowed
 * for the call. `*out_rejects`: Owned by the caller; free with `headwater_document_free`. Each line is
 * `{"run", "source", "position", "code", "field", "message", "hint", "row", ..}`.
 * Threads: any. Errors: `invalid_request`; `store_busy`, `store_io`, `store_corrupt`. Since 0.1.
 */
int32_t headwater_reject_list(const headwater_workspace *workspace,
                              headwater_str run,
                              headwater_str code,
                              headwater_document **out_rejects,
                              headwater_error **out_error);

/*
 * API keys: who may use a workspace over HTTP.
 */

/**
 * Makes a key. Its secret is given this once; the workspace keeps a hash.
 *
 * `workspace`, `name`, `scopes` (`*`, or such as `contact:read`, separated by spaces): Borrowed for
 * the call. `*out_secret`, the text of the key: Owned by the caller; free with
 * `headwater_document_free`.
 * Threads: any. Errors: `invalid_request`, `unknown_record_type`, `unique_conflict` where an active
 * key has the name; `store_busy`, `store_io`. Since 0.1.
 */
int32_t headwater_key_create(const headwater_workspace *workspace,
                             headwater_str name,
                             headwater_str scopes,
                             headwater_document **out_secret,
                             headwater_error **out_error);

/**
 * Lists every key, expired ones too, oldest first; no secrets.
 *
 * `workspace`: Borrowed for the call. `*out_keys`: Owned by the caller; free with
 * `headwater_document_free`. It is `{"data": [{"id", "name", "scopes", "created_at", "status",
 * "expired_at"}]}`.
 * Threads: any. Errors: `store_busy`, `store_io`, `store_corrupt`. Since 0.1.
 */
int32_t headwater_key_list(const headwater_workspace *workspace,
                           headwater_document **out_keys,
                           headwater_error **out_error);

/**
 * Ends a key at once and for good. One that has ended stays as it is.
 *
 * `workspace`, `key` (its id or its name): Borrowed for the call.
 * Threads: any. Errors: `record_not_found` if there is no such key; `store_busy`, `store_io`.
 * Since 0.1.
 */
int32_t headwater_key_expire(const headwater_workspace *workspace,
                             headwater_str key,
                             headwater_error **out_error);

#ifdef __cplusplus
}  /* extern "C" */
#endif

#endif  /* HEADWATER_H */
