//! Files: NDJSON, CSV, and NDJSON under gzip. Parquet's rows have the tests of their own reader.

use std::io::Write as _;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use groundswell_sources::{DecodeOptions, FileSet, FileSetConfig, ManualClock};

use crate::harness::{Item, Made, NOW, Resume, SECRET, Subject, conformance, text_of, time_of};

enum Form {
    Ndjson,
    Gzip,
    Csv,
}

struct Files(Form);

fn ndjson(item: Item) -> String {
    match item {
        Item::Post(number) => format!(
            r#"{{"id":"{SECRET}-{number}","author":"{SECRET}","time":{},"text":"{}"}}"#,
            time_of(number).unix(),
            text_of(number)
        ),
        Item::Bad => format!(r#"{{"id":"{SECRET}","text":"{SECRET}","time":"{SECRET}"}}"#),
        Item::Delete(number) => format!(r#"{{"delete":true,"id":"{SECRET}-{number}"}}"#),
        Item::Unknown => "  ".to_owned(),
    }
}

fn csv(item: Item) -> String {
    match item {
        Item::Post(number) => {
            format!("{SECRET}-{number},{SECRET},{},{},", time_of(number).unix(), text_of(number))
        }
        Item::Bad => format!("{SECRET},{SECRET},{SECRET},{SECRET},"),
        Item::Delete(number) => format!("{SECRET}-{number},,,,true"),
        Item::Unknown => String::new(),
    }
}

impl Subject for Files {
    fn make(&self, script: &[Item]) -> Made {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("posts");
        let mut bytes = Vec::new();
        if matches!(self.0, Form::Csv) && !script.is_empty() {
            bytes.extend_from_slice(b"id,author,time,text,delete\n");
        }
        for item in script {
            let line = if matches!(self.0, Form::Csv) { csv(*item) } else { ndjson(*item) };
            bytes.extend_from_slice(line.as_bytes());
            bytes.push(b'\n');
        }
        if matches!(self.0, Form::Gzip) {
            let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
            gzip.write_all(&bytes).unwrap();
            bytes = gzip.finish().unwrap();
        }
        std::fs::write(&path, bytes).unwrap();
        let set = FileSet::new(FileSetConfig::new(vec![path]), Arc::new(ManualClock::at(NOW)));
        Made { source: Box::new(set), decode: DecodeOptions::default(), world: Box::new(folder) }
    }

    fn ends(&self) -> bool {
        true
    }

    fn resume(&self) -> Resume {
        Resume::Never
    }
}

mod ndjson {
    super::conformance!(super::Files(super::Form::Ndjson));
}

mod gzip {
    super::conformance!(super::Files(super::Form::Gzip));
}

mod csv {
    super::conformance!(super::Files(super::Form::Csv));
}
