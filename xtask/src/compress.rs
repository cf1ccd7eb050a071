//! Compressing files once at build time, so that the server need not do it at every request.
use crate::site::files_in;
use anyhow::{Context, Result};
use brotli::enc::BrotliEncoderParams;
use flate2::{Compression, write::GzEncoder};
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

/// Kinds of file that compress well; pictures and fonts are compressed already.
const KINDS: [&str; 10] = ["css", "html", "ico", "js", "json", "map", "svg", "txt", "wasm", "xml"];

/// Puts a `.br` and a `.gz` beside each file of the folder that gets smaller by it.
///
/// # Errors
/// When a file cannot be read or written.
pub(crate) fn beside(folder: &Path) -> Result<()> {
    for file in files_in(folder)? {
        if !file.extension().and_then(|kind| kind.to_str()).is_some_and(|kind| KINDS.contains(&kind)) {
            continue;
        }
        let content = fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        for (ending, compressed) in [("br", brotli(&content)?), ("gz", gzip(&content)?)] {
            if compressed.len() < content.len() {
                let path = with_ending(&file, ending);
                fs::write(&path, compressed).with_context(|| format!("{} cannot be written", path.display()))?;
            }
        }
    }
    Ok(())
}

fn with_ending(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

fn brotli(mut content: &[u8]) -> Result<Vec<u8>> {
    let parameters = BrotliEncoderParams { quality: 11, size_hint: content.len(), ..Default::default() };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut content, &mut compressed, &parameters)?;
    Ok(compressed)
}

fn gzip(content: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    Ok(encoder.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn what_gets_smaller_has_both_forms_beside_it_and_both_give_it_back() {
        let folder = tempfile::tempdir().unwrap();
        let text = "the same again ".repeat(100);
        for name in ["app.js", "photo.png"] {
            fs::write(folder.path().join(name), &text).unwrap();
        }
        fs::write(folder.path().join("tiny.txt"), "x").unwrap();
        beside(folder.path()).unwrap();
        let names: Vec<_> = files_in(folder.path()).unwrap();
        let names: Vec<_> = names.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["app.js", "app.js.br", "app.js.gz", "photo.png", "tiny.txt"]);

        let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
        let mut back = Vec::new();
        brotli::BrotliDecompress(&mut read("app.js.br").as_slice(), &mut back).unwrap();
        assert_eq!(back, text.as_bytes());
        let mut back = String::new();
        flate2::read::GzDecoder::new(read("app.js.gz").as_slice()).read_to_string(&mut back).unwrap();
        assert_eq!(back, text);
    }
}
