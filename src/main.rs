//! The process: run, print the error chain, exit with the code.

use std::process::ExitCode;

fn main() -> ExitCode {
    clobber::app::main()
}
