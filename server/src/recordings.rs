//! The recordings that were handed in, in memory: they are looked at, and are no part of any lab.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use lru::LruCache;
use model::{
    error::{ErrorCode, LabError},
    recording::Recording,
};

/// How many are kept; the one that was looked at least recently goes first. Each has [`Recording::MAX_BYTES`] at most.
const MOST: NonZeroUsize = NonZeroUsize::new(100).expect("a hundred is not zero");
/// How many bytes they have together at most, for the same.
const MOST_BYTES: usize = 32 * 1024 * 1024;

/// The recordings of this process. Clones share them.
#[derive(Clone)]
pub(crate) struct Recordings(Arc<Mutex<Kept>>);

struct Kept {
    texts: LruCache<String, Arc<str>>,
    /// Of all of them.
    bytes: usize,
}

impl Default for Recordings {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Kept { texts: LruCache::new(MOST), bytes: 0 })))
    }
}

impl Kept {
    fn put(&mut self, id: String, text: Arc<str>) {
        self.bytes += text.len();
        if let Some((_, gone)) = self.texts.push(id, text) {
            self.bytes -= gone.len();
        }
        while self.bytes > MOST_BYTES
            && let Some((_, gone)) = self.texts.pop_lru()
        {
            self.bytes -= gone.len();
        }
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
            return Err(LabError::new(
                ErrorCode::TooLarge,
                "Written out in full, this is over 3 MiB, which is the most that a recording has.",
            ));
        }
        let id = uuid::Uuid::new_v4().simple().to_string();
        self.kept().put(id.clone(), text.into());
        Ok(id)
    }

    /// The recording under this id, if it is still kept.
    #[must_use]
    pub(crate) fn find(&self, id: &str) -> Option<Recording> {
        let text = self.kept().texts.get(id).cloned()?;
        serde_json::from_str(&text).ok()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::Limits;

    #[test]
    fn what_a_timeline_keeps_of_an_actor_leaves_room_for_what_stands_around_it() {
        // The shortest event is over 32 bytes long, and is followed by a comma.
        let events = Limits::default().bytes / 32 * 33;
        assert!(events + 64 * 1024 < Recording::MAX_BYTES, "{events} bytes of events");
    }

    #[test]
    fn the_oldest_go_when_they_are_too_many_bytes_together() {
        let recordings = Recordings::default();
        let text: Arc<str> = "x".repeat(Recording::MAX_BYTES).into();
        for n in 0..40 {
            recordings.kept().put(n.to_string(), Arc::clone(&text));
        }
        let kept = recordings.kept();
        assert_eq!((kept.texts.len(), kept.bytes), (10, 10 * Recording::MAX_BYTES));
        assert!(kept.texts.contains("39") && !kept.texts.contains("29"));
    }
}
