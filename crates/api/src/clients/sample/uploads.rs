//! Who uploads a voice sample now, and what the samples hold of memory while they come.

use crate::problem::Problem;
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

/// What all samples together may take of memory, where each is held until it is judged and stored. They
/// take it as they arrive and not as they are announced: a dozen of the largest at once, or a crowd that
/// trickles and keeps nobody out.
const MEMORY_KIB: usize = 128 * 1024;

/// Who uploads now, one at a time in an account, and the memory they share.
#[derive(Debug, Clone)]
pub(crate) struct Uploads {
    open: Arc<Mutex<HashSet<Uuid>>>,
    memory: Arc<Semaphore>,
}

impl Default for Uploads {
    fn default() -> Self {
        Self {
            open: Arc::default(),
            memory: Arc::new(Semaphore::new(MEMORY_KIB)),
        }
    }
}

/// An upload that is open, and its share of the memory.
pub(super) struct Place {
    uploads: Uploads,
    account: Uuid,
    share: Option<OwnedSemaphorePermit>,
}

impl Uploads {
    pub(super) fn begin(&self, account: Uuid) -> Result<Place, Problem> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if !open.insert(account) {
            return Err(Problem::too_many(
                5,
                "another upload of this account is under way",
            ));
        }
        Ok(Place {
            uploads: self.clone(),
            account,
            share: None,
        })
    }
}

impl Place {
    /// Takes memory for this many bytes in all.
    pub(super) fn hold(&mut self, bytes: usize) -> Result<(), Problem> {
        let share = self.share.as_ref();
        let held = share.map_or(0, OwnedSemaphorePermit::num_permits);
        let wanted = bytes.div_ceil(1024);
        if wanted <= held {
            return Ok(());
        }
        let crowded = || Problem::unavailable("too many uploads at once");
        let more = u32::try_from(wanted - held).map_err(|_| crowded())?;
        let memory = self.uploads.memory.clone();
        let permit = memory.try_acquire_many_owned(more);
        let permit = permit.map_err(|_| crowded())?;
        match &mut self.share {
            Some(share) => share.merge(permit),
            None => self.share = Some(permit),
        }
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let open = &self.uploads.open;
        let mut open = open.lock().unwrap_or_else(PoisonError::into_inner);
        open.remove(&self.account);
    }
}

#[cfg(test)]
mod tests {
    use super::{super::LARGEST, *};

    #[test]
    fn an_account_uploads_one_at_a_time_and_holds_what_has_come() {
        let uploads = Uploads::default();
        let account = Uuid::new_v4();
        let mut place = uploads.begin(account).unwrap();
        assert_eq!(uploads.begin(account).err().unwrap().status(), 429);
        let mut crowd: Vec<_> = (0..1000)
            .map(|_| uploads.begin(Uuid::new_v4()).unwrap())
            .collect();
        for trickling in &mut crowd {
            trickling.hold(1).unwrap();
        }
        place.hold(LARGEST / 2).unwrap();
        place.hold(LARGEST).unwrap();
        let mut whole = 0;
        while crowd[whole].hold(LARGEST).is_ok() {
            whole += 1;
        }
        assert_eq!(whole, 11, "beside the first and all who trickle");
        let late = &mut crowd[whole];
        assert_eq!(late.hold(LARGEST).unwrap_err().status(), 503);
        drop(place);
        late.hold(LARGEST).unwrap();
        assert!(uploads.begin(account).is_ok());
    }
}
