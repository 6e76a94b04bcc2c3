//! Puts the dashboard that `make web` built into the binary, so that one file is the whole product. Without it, a page says
//! so, and everything else works.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

const PLACEHOLDER: &str = "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Groundswell</title>\n\
    <p>This binary was built without the dashboard: run <code>make web</code> and build again.</p>\n\
    <p>The numbers are at <a href=\"/api/v1/volumes\">/api/v1/volumes</a>, described at \
    <a href=\"/api/openapi.json\">/api/openapi.json</a>.</p>\n</html>\n";

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR"));
    let dist = manifest.join("../../web/dist");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", dist.display());
    let mut files = Vec::new();
    if dist.join("index.html").is_file() {
        collect(&dist, &dist, &mut files);
        files.sort();
    } else {
        println!("cargo::warning=web/dist is absent: building without the dashboard (`make web` makes it)");
        let page = out.join("index.html");
        fs::write(&page, PLACEHOLDER).expect("OUT_DIR can be written");
        files.push(("index.html".to_owned(), page));
    }
    let mut code = "static FILES: &[Embedded] = &[\n".to_owned();
    for (name, path) in files {
        let bytes = fs::read(&path).expect("it was just listed");
        let etag = fnv1a(&bytes);
        // A copy that stays: a dashboard built anew while this crate compiles takes its files away.
        let copy = out.join(format!("{etag:016x}"));
        fs::write(&copy, &bytes).expect("OUT_DIR can be written");
        let source = copy.to_str().expect("the path of the target folder is UTF-8");
        let packed = gzip(&name, &bytes).map_or_else(
            || "None".to_owned(),
            |packed| {
                let copy = out.join(format!("{etag:016x}.gz"));
                fs::write(&copy, packed).expect("OUT_DIR can be written");
                format!("Some(include_bytes!({:?}))", copy.to_str().expect("the path of the target folder is UTF-8"))
            },
        );
        writeln!(
            code,
            "    Embedded {{ path: {name:?}, bytes: include_bytes!({source:?}), gzip: {packed}, content_type: {:?}, etag: \"\\\"{etag:016x}\\\"\" }},",
            content_type(&name),
        )
        .expect("writing to a string cannot fail");
    }
    code.push_str("];\n");
    fs::write(out.join("files.rs"), code).expect("OUT_DIR can be written");
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, PathBuf)>) {
    for entry in fs::read_dir(folder).expect("web/dist can be read") {
        let path = entry.expect("web/dist can be read").path();
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            let name = path.strip_prefix(root).expect("it lies below").to_string_lossy().replace('\\', "/");
            files.push((name, path));
        }
    }
}

/// Packed, where it is text and that makes it smaller. The same bytes each time: no name and no time are in it.
fn gzip(name: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    let kind = content_type(name);
    let is_text = kind.starts_with("text/") || matches!(kind, "application/json" | "image/svg+xml");
    if !is_text {
        return None;
    }
    let mut packer = flate2::GzBuilder::new().mtime(0).write(Vec::new(), flate2::Compression::best());
    packer.write_all(bytes).expect("writing to memory cannot fail");
    let packed = packer.finish().expect("writing to memory cannot fail");
    (packed.len() < bytes.len()).then_some(packed)
}

/// FNV-1a, 64 bits: tells two builds of a file apart, which is all that an entity tag must.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" | "webmanifest" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
