//! Writing a file as a whole or not at all: a temporary file beside it, flushed to the disk, then renamed over it. The
//! only place that changes the user's files.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// What happens in the course of writing one file, for tests that make it fail there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The temporary file is there, and empty.
    Created,
    /// Half of the text is in it.
    Half,
    /// All of the text is in it and on the disk.
    Flushed,
    /// It took the file's place.
    Renamed,
}

/// Replaces a file's text, if it still is the one that was read. A link stays a link, and permissions stay.
///
/// # Errors
/// Why nothing was changed, in words for the user.
pub fn replace(path: &Path, read: &str, new: &str) -> Result<(), String> {
    replace_stepwise(path, read, new, &mut |_| Ok(()))
}

/// Writes a file that is not there yet, with the folders that it needs.
///
/// # Errors
/// Why nothing was written, in words for the user.
pub fn create(path: &Path, text: &str) -> Result<(), String> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|e| plain(&e))?;
    let write = || -> io::Result<()> {
        let mut temporary = tempfile::Builder::new().prefix(".retrylint-").tempfile_in(folder)?;
        temporary.write_all(text.as_bytes())?;
        // A temporary file is its owner's alone; a new file is as others are.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            temporary.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
        }
        temporary.as_file().sync_all()?;
        temporary.persist_noclobber(path).map_err(|e| e.error)?;
        sync_folder(folder);
        Ok(())
    };
    write().map_err(|e| plain(&e))
}

/// Removes a file that was written here, if it still is what was written, and the folders that it leaves empty.
///
/// # Errors
/// Why it was not removed, in words for the user.
pub fn remove(path: &Path, written: &str) -> Result<(), String> {
    let now = fs::read(path).map_err(|e| plain(&e))?;
    if now != written.as_bytes() {
        return Err("it changed meanwhile".to_owned());
    }
    fs::remove_file(path).map_err(|e| plain(&e))?;
    // Only an empty folder can be removed like this.
    let _ = path.ancestors().skip(1).take_while(|folder| fs::remove_dir(folder).is_ok()).count();
    Ok(())
}

fn replace_stepwise(
    path: &Path,
    read: &str,
    new: &str,
    at: &mut dyn FnMut(Step) -> io::Result<()>,
) -> Result<(), String> {
    // The file behind a link is written, beside itself: a rename does not cross file systems.
    let target = fs::canonicalize(path).map_err(|e| plain(&e))?;
    let now = fs::read(&target).map_err(|e| plain(&e))?;
    if now != read.as_bytes() {
        return Err("it changed while it was being analysed; run again".to_owned());
    }
    let permissions = fs::metadata(&target).map_err(|e| plain(&e))?.permissions();
    if permissions.readonly() {
        return Err("it is read-only".to_owned());
    }
    let folder = target.parent().unwrap_or(Path::new("."));
    let write = |at: &mut dyn FnMut(Step) -> io::Result<()>| -> io::Result<()> {
        let mut temporary = tempfile::Builder::new().prefix(".retrylint-").tempfile_in(folder)?;
        at(Step::Created)?;
        let (first, second) = new.as_bytes().split_at(new.len() / 2);
        temporary.write_all(first)?;
        at(Step::Half)?;
        temporary.write_all(second)?;
        temporary.as_file().set_permissions(permissions)?;
        temporary.as_file().sync_all()?;
        at(Step::Flushed)?;
        temporary.persist(&target).map_err(|e| e.error)?;
        at(Step::Renamed)?;
        sync_folder(folder);
        Ok(())
    };
    write(at).map_err(|e| plain(&e))
}

/// The rename itself is on the disk. Not every system can flush a folder, and the file is whole either way.
fn sync_folder(folder: &Path) {
    if let Ok(opened) = fs::File::open(folder) {
        let _ = opened.sync_all();
    }
}

fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    const STEPS: [Step; 4] = [Step::Created, Step::Half, Step::Flushed, Step::Renamed];

    fn in_folder(test: impl Fn(&Path)) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a.rs");
        fs::write(&path, "old").expect("a writable folder");
        test(&path);
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a readable folder");
        entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn a_failure_at_any_step_leaves_the_old_file_or_the_new_one_and_nothing_else() {
        for failing in STEPS {
            in_folder(|path| {
                let fail = &mut |step| if step == failing { Err(io::Error::other("disk full")) } else { Ok(()) };
                assert_eq!(replace_stepwise(path, "old", "new text", fail), Err("disk full".to_owned()));
                let left = fs::read_to_string(path).expect("the file is there");
                assert_eq!(left, if failing == Step::Renamed { "new text" } else { "old" }, "{failing:?}");
                assert_eq!(names(path.parent().expect("a parent")), ["a.rs"], "{failing:?}");
            });
        }
    }

    #[test]
    fn a_crash_at_any_step_leaves_the_old_file_or_the_new_one() {
        for dying in STEPS {
            in_folder(|path| {
                let die = &mut |step| if step == dying { panic!("killed") } else { Ok(()) };
                assert!(catch_unwind(AssertUnwindSafe(|| replace_stepwise(path, "old", "new text", die))).is_err());
                let left = fs::read_to_string(path).expect("the file is there");
                assert!(left == "old" || left == "new text", "{dying:?} left {left:?}");
            });
        }
    }

    #[test]
    fn a_file_that_changed_meanwhile_is_left_alone() {
        in_folder(|path| {
            assert!(replace(path, "older", "new").is_err_and(|why| why.contains("changed")));
            assert_eq!(fs::read_to_string(path).expect("the file is there"), "old");
        });
    }

    #[test]
    fn a_read_only_file_is_left_alone() {
        in_folder(|path| {
            let mut permissions = fs::metadata(path).expect("metadata").permissions();
            permissions.set_readonly(true);
            fs::set_permissions(path, permissions).expect("permissions can be set");
            assert_eq!(replace(path, "old", "new"), Err("it is read-only".to_owned()));
            assert_eq!(fs::read_to_string(path).expect("the file is there"), "old");
            assert_eq!(names(path.parent().expect("a parent")), ["a.rs"]);
        });
    }

    #[test]
    fn a_new_file_takes_no_others_place_and_is_removed_with_its_folders() {
        in_folder(|path| {
            assert!(create(path, "new").is_err_and(|why| why.contains("exists")));
            assert_eq!(fs::read_to_string(path).expect("the file is there"), "old");
            let new = path.with_file_name("x").join("y").join("b.rs");
            assert_eq!(create(&new, "new"), Ok(()));
            assert!(remove(&new, "other").is_err());
            assert_eq!(remove(&new, "new"), Ok(()));
            assert_eq!(names(path.parent().expect("a parent")), ["a.rs"]);
        });
    }

    #[cfg(unix)]
    #[test]
    fn links_and_permissions_stay() {
        use std::os::unix::fs::PermissionsExt;
        in_folder(|path| {
            fs::set_permissions(path, fs::Permissions::from_mode(0o751)).expect("permissions can be set");
            let link = path.with_file_name("link.rs");
            std::os::unix::fs::symlink("a.rs", &link).expect("links can be made");
            assert_eq!(replace(&link, "old", "new"), Ok(()));
            assert!(fs::symlink_metadata(&link).expect("metadata").is_symlink());
            assert_eq!(fs::read_to_string(path).expect("the file is there"), "new");
            assert_eq!(fs::metadata(path).expect("metadata").permissions().mode() & 0o777, 0o751);
        });
    }
}
