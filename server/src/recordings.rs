//! The recordings that were handed in, in memory: they are looked at, and are no part of any lab.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
};

use app::{
    error::{ErrorCode, LabError},
    recording::Recording,
};
use lru::LruCache;

/// How many are kept; the one that was looked at least recently goes first. Each has [`Recording::MAX_BYTES`] at most.
const MOST: NonZeroUsize = NonZeroUsize::new(100).expect("a hundred is not zero");

/// The recordings of this process. Clones share them.
#[derive(Clone)]
pub(crate) struct Recordings(Arc<Mutex<LruCache<String, Arc<str>>>>);

impl Default for Recordings {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(LruCache::new(MOST))))
    }
}

impl Recordings {
    /// Keeps a recording, as text: so its size is known. The answer is its id.
    ///
    /// # Errors
    /// Written out, with everything that may be left out, it is over the limit.
    pub(crate) fn keep(&self, recording: &Recording) -> Result<String, LabError> {
        let text = serde_json::to_string(recording)
            .map_err(|error| LabError::new(ErrorCode::Internal, format!("The recording cannot be written: {error}")))?;
        if text.len() > Recording::MAX_BYTES {
            return Err(LabError::new(ErrorCode::TooLarge, "A recording has at most 256 KiB"));
        }
        let id = uuid::Uuid::new_v4().simple().to_string();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).put(id.clone(), text.into());
        Ok(id)
    }

    /// The recording under this id, if it is still kept.
    #[must_use]
    pub(crate) fn find(&self, id: &str) -> Option<Recording> {
        let text = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()?;
        serde_json::from_str(&text).ok()
    }
}
