//! `completions` and `man`: made from the same definition as the parser.

use clap::CommandFactory as _;

use crate::args::Arguments;
use crate::failure::{DONE, Outcome};
use crate::output;

/// Prints completions for a shell.
pub(crate) fn completions(shell: clap_complete::Shell) -> Outcome {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "groundswell", &mut text);
    output::write_stdout(&text)?;
    Ok(DONE)
}

/// Prints the man page.
pub(crate) fn man() -> Outcome {
    let mut text = Vec::new();
    clap_mangen::Man::new(Arguments::command()).render(&mut text)?;
    output::write_stdout(&text)?;
    Ok(DONE)
}
