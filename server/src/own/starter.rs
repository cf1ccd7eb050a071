//! `faultlab new`: a folder to begin with.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use anyhow::{Context, bail};

/// What is in it. The components are those of the course, for a Redis of one's own: the lab maps them.
const FILES: [(&str, &str); 5] = [
    ("main.py", include_str!("starter/main.py")),
    ("requirements.txt", include_str!("starter/requirements.txt")),
    ("components/statestore.yaml", include_str!("starter/statestore.yaml")),
    ("components/daca-pubsub.yaml", include_str!("../../../components/redis/daca-pubsub.yaml")),
    ("components/message-subscription.yaml", include_str!("../../../components/redis/message-subscription.yaml")),
];

/// Makes the folder; what to do next.
///
/// # Errors
/// A folder with something in it, which is left as it is, or one that cannot be made: one line that says what to do.
pub fn make(folder: &Path) -> anyhow::Result<String> {
    let name = folder.display();
    match fs::read_dir(folder).map(|mut entries| entries.next().is_some()) {
        Ok(false) => {}
        Ok(true) => bail!("{name} is not empty, and nothing in it was changed: name a folder that is not there yet"),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => bail!("{name} cannot be used ({error}): name a folder that is not there yet"),
    }
    let cannot = |path: &Path| format!("{} cannot be written: name another folder", path.display());
    for (file, text) in FILES {
        let path = folder.join(file);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(|| cannot(parent))?;
        }
        // Somebody may have put one there meanwhile.
        let made = fs::File::create_new(&path).and_then(|mut file| file.write_all(text.as_bytes()));
        made.with_context(|| cannot(&path))?;
    }
    Ok(format!(
        "\n  {name} has a chat agent that works, and that no failure of its store must meet: main.py says what to do.\n\n  \
         cd {name}\n  python3 -m venv .venv && . .venv/bin/activate\n  pip install -r requirements.txt\n  \
         faultlab run -p 8000 -- uvicorn main:app --port 8000\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_made_once_and_one_with_something_in_it_is_left_alone() {
        let dir = tempfile::TempDir::new().unwrap();
        let folder = dir.path().join("a/chat");
        let next = make(&folder).unwrap();
        assert!(next.contains("faultlab run -p 8000"), "{next}");
        for (file, text) in FILES {
            assert_eq!(fs::read_to_string(folder.join(file)).unwrap(), text);
        }
        fs::write(folder.join("main.py"), "mine").unwrap();
        assert!(make(&folder).unwrap_err().to_string().contains("not empty"));
        assert_eq!(fs::read_to_string(folder.join("main.py")).unwrap(), "mine");
        assert!(make(&folder.join("main.py")).is_err());
        let empty = dir.path().join("empty");
        fs::create_dir(&empty).unwrap();
        make(&empty).unwrap();
    }
}
