//! Files that a run is to write, held against each other and against those that it reads.

use super::forms::Output;
use std::{
    fs,
    io::{stderr, stdout},
    os::{
        fd::AsFd,
        unix::fs::{FileTypeExt, MetadataExt},
    },
    path::{Path, PathBuf},
};

/// A file, however it is named: by other spellings and links too.
#[derive(Debug, Clone, PartialEq, Eq)]
enum FileId {
    /// Its device and its number there.
    There(u64, u64),
    /// A file that does not exist yet: its folder, resolved, and its name.
    New(PathBuf),
}

impl FileId {
    /// None for what takes any number of writers, such as `/dev/null`, and for what cannot be a
    /// file.
    fn of(path: &Path) -> Option<Self> {
        if let Ok(found) = fs::metadata(path) {
            return Self::of_found(&found);
        }
        let name = path.file_name()?;
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        Some(Self::New(fs::canonicalize(folder).ok()?.join(name)))
    }

    fn of_found(found: &fs::Metadata) -> Option<Self> {
        let any = found.file_type().is_char_device();
        (!any).then(|| Self::There(found.dev(), found.ino()))
    }

    /// The regular file that a stream of this process goes to.
    fn of_stream(stream: impl AsFd) -> Option<Self> {
        let stream = stream.as_fd().try_clone_to_owned().ok()?;
        let found = fs::File::from(stream).metadata().ok()?;
        found.is_file().then(|| Self::of_found(&found)).flatten()
    }
}

/// Finds out whether each output has a file of its own, that nothing else needs.
///
/// # Errors
/// In words, when one would be written over another or over a file that is read.
pub fn check(outputs: &[Output], inputs: &[PathBuf]) -> Result<(), String> {
    let read: Vec<(FileId, &PathBuf)> = inputs
        .iter()
        .filter_map(|path| Some((FileId::of(path)?, path)))
        .collect();
    let shown: [(Option<FileId>, &str); 2] = [
        (FileId::of_stream(stdout()), "standard output"),
        (FileId::of_stream(stderr()), "standard error"),
    ];
    let mut claimed: Vec<(FileId, &Output)> = Vec::new();
    for output in outputs {
        let Some(id) = FileId::of(&output.path) else {
            continue;
        };
        let (flag, path) = (output.flag, output.path.display());
        if let Some((_, input)) = read.iter().find(|(own, _)| *own == id) {
            let input = input.display();
            return Err(format!(
                "{flag} would write {path} over {input}, which is read: name another file"
            ));
        }
        if let Some((_, stream)) = shown.iter().find(|(own, _)| own.as_ref() == Some(&id)) {
            return Err(format!(
                "{flag} would write {path} over what goes to {stream}: name another file"
            ));
        }
        let other = claimed.iter().find(|(own, _)| *own == id);
        // One text given twice is one file.
        if let Some((_, other)) = other.filter(|(_, other)| other.form != output.form) {
            let other = other.flag;
            return Err(format!(
                "{path} would be written by {other} and by {flag}: name a file for each"
            ));
        }
        claimed.push((id, output));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::forms::Form;
    use std::os::unix::fs::symlink;

    fn output(flag: &'static str, path: &Path, form: Form) -> Output {
        Output {
            flag,
            path: path.to_owned(),
            form: Some(form),
        }
    }

    #[test]
    fn files_are_known_by_any_name() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("sub")).unwrap();
        fs::write(at("there"), "").unwrap();
        symlink(at("there"), at("link")).unwrap();
        symlink(at("sub"), at("other")).unwrap();
        fs::hard_link(at("there"), at("hard")).unwrap();
        for (one, two) in [
            ("new", "sub/../new"),
            ("sub/new", "other/new"),
            ("there", "link"),
            ("there", "hard"),
            ("link", "./hard"),
        ] {
            let outputs = [
                output("--json", &at(one), Form::Json),
                output("--html", &at(two), Form::Html),
            ];
            let refused = check(&outputs, &[]).unwrap_err();
            assert!(
                refused.contains("by --json and by --html"),
                "{one} {two}: {refused}"
            );
            let refused = check(&outputs[..1], &[at(two)]).unwrap_err();
            assert!(refused.contains("which is read"), "{one} {two}: {refused}");
        }
        let same = [
            output("--json", &at("new"), Form::Json),
            output("--out", &at("sub/../new"), Form::Json),
            output("--html", Path::new("/dev/null"), Form::Html),
            output("--csv", Path::new("/dev/null"), Form::Csv),
        ];
        assert_eq!(check(&same, &[at("there")]), Ok(()));
    }
}
