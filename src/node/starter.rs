use super::{Failure, Handle};
impl Handle {
    pub(super) fn take_starter(&mut self) -> Result<(), Failure> {
        Ok(())
    }
}
