//! `groundswell opt-out`: accounts that asked not to be counted. Their ids come by stdin, so that neither the shell's history nor the
//! list of processes holds them, and leave no plain text behind (PRIVACY section 6).

use std::io::{BufRead as _, Write as _};

use anyhow::Context as _;
use groundswell_edge::OptOutList;
use zeroize::Zeroizing;

use crate::args::{Common, OptOut};
use crate::failure::{DONE, Failure, Outcome};
use crate::{output, pipeline, settings};

/// The longest id of an account, in bytes.
const ID_BYTES_MAX: usize = 2_048;

pub(crate) fn opt_out(common: &Common, command: &OptOut) -> Outcome {
    let settings = settings::load(common)?.settings;
    match command {
        OptOut::Add { source } => {
            pipeline::make_data_dir(&settings.data)?;
            let mut list = OptOutList::load(&settings.data)?;
            let (mut added, mut known) = (0, 0);
            let mut stdin = std::io::stdin().lock();
            for number in 1.. {
                let mut line = Zeroizing::new(String::new());
                if stdin.read_line(&mut line).context("stdin cannot be read")? == 0 {
                    break;
                }
                let id = line.trim();
                if id.is_empty() {
                    continue;
                }
                if id.len() > ID_BYTES_MAX {
                    return Err(Failure::usage_text(format!(
                        "stdin:{number}: expected an id of at most {ID_BYTES_MAX} bytes, found {}; {added} were added before it",
                        id.len()
                    )));
                }
                if list.add(source, id)? { added += 1 } else { known += 1 }
            }
            output::note(
                common,
                &format!(
                    "{added} added, {known} were there already; {} in all. A service that runs now reads them at its next start",
                    list.len()
                ),
            );
        }
        OptOut::Count => {
            let mut out = output::open(None)?;
            writeln!(out, "{}", OptOutList::load(&settings.data)?.len())?;
        }
    }
    Ok(DONE)
}
