//! Exit statuses: what a script can rely on.

/// How the command ended, judged by what was committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: all good.
    Done,
    /// 1: failed; a message on stderr says why.
    Failed,
    /// 2: finished, and some rows were refused.
    Rejects,
    /// 130: stopped by the user; run again to resume.
    Stopped,
}

impl Exit {
    /// The status as the system has it.
    pub(crate) fn status(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Rejects => 2,
            Self::Stopped => 130,
        }
    }
}
