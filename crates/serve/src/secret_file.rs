//! Whether a file that holds a secret is its owner's alone.

use std::ffi::OsStr;
use std::path::Path;

/// The bits of a mode that make a secret no secret, `None` where it is one. What systemd hands on as a credential belongs to root and
/// is opened to the service's user by an access control list, which shows as the group's right to read; its folder keeps everybody
/// else out.
pub(crate) fn opened(path: &Path, mode: u32, credentials: Option<&OsStr>) -> Option<u32> {
    let handed_on = credentials.is_some_and(|folder| !folder.is_empty() && path.starts_with(folder));
    let forbidden = if handed_on { 0o037 } else { 0o077 };
    (mode & forbidden != 0).then_some(mode & 0o777)
}

/// The same, with the folder that systemd names.
pub(crate) fn opened_to_others(path: &Path, mode: u32) -> Option<u32> {
    opened(path, mode, std::env::var_os("CREDENTIALS_DIRECTORY").as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_owner_may_read_or_whom_systemd_handed_it_to() {
        let credentials = OsStr::new("/run/credentials/groundswell.service");
        let (handed_on, own) = (Path::new("/run/credentials/groundswell.service/accounts"), Path::new("/etc/accounts"));
        for (path, mode, expected) in [
            (own, 0o100_600, None),
            (own, 0o100_400, None),
            (own, 0o100_440, Some(0o440)),
            (own, 0o100_604, Some(0o604)),
            (handed_on, 0o100_440, None),
            (handed_on, 0o100_460, Some(0o460)),
            (handed_on, 0o100_444, Some(0o444)),
        ] {
            assert_eq!(opened(path, mode, Some(credentials)), expected, "{mode:o}");
        }
        assert_eq!(opened(handed_on, 0o440, None), Some(0o440));
        assert_eq!(opened(own, 0o440, Some(OsStr::new(""))), Some(0o440));
    }
}
