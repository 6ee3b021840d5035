//! The program `sealwire`. One file a command; `wire.rs` is the only place where names from the config meet code.

#![allow(unreachable_pub, reason = "a program has no users; pub is what other files of it may use")]

mod backends;
mod bench;
mod cli;
mod client;
mod demo;
mod error;
mod fingerprint;
mod identity;
mod keygen;
mod logging;
#[cfg(unix)]
mod open_files;
mod passphrase;
mod server;
mod services;
mod state;
mod stdout;
mod text;
mod trust;
mod trust_command;
mod wire;

use cli::{Cli, Command};
use error::AppError;
use passphrase::{Passphrases, VARIABLE, ask_terminal};
use sealwire_config::{Config, Loader};
use std::process::ExitCode;

#[expect(clippy::print_stderr, reason = "why the program failed")]
fn main() -> ExitCode {
    let engines = wire::built_in_engines();
    let cli = cli::parse(&engines);
    match run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sealwire: {error}");
            ExitCode::from(error.exit_status())
        }
    }
}

fn run(cli: &Cli) -> Result<(), AppError> {
    match &cli.command {
        Command::Config => print(sealwire_config::DEFAULT),
        Command::Backends => print(&backends::table(&config(cli)?)?),
        Command::Bench => bench::run(),
        Command::Demo(options) => on_runtime(cores(), demo::run(&config(cli)?, options)),
        Command::Server(options) => {
            let config = config(cli)?;
            logging::init(&config.log);
            with_passphrases(options.passphrase, |asking| on_runtime(cores(), server::run(&config, asking)))
        }
        Command::Client(options) => {
            let config = config(cli)?;
            logging::init(&config.log);
            // The programs whose connections it carries are beside it, and want cores as well. On two cores, two threads would mostly
            // pass work to each other (TUNNEL.md, "Speed").
            let workers = (cores() / 2).max(1);
            with_passphrases(options.passphrase, |asking| on_runtime(workers, client::run(&config, options, asking)))
        }
        Command::Keygen(options) => {
            let config = config(cli)?;
            with_passphrases(options.source, |asking| keygen::run(&config, options, asking))
        }
        Command::Fingerprint(options) => {
            with_passphrases(options.passphrase, |asking| fingerprint::run(&options.file, asking))
        }
        Command::Trust(command) => trust_command::run(&config(cli)?, command),
    }
}

fn config(cli: &Cli) -> Result<Config, AppError> {
    let loader = Loader::new(wire::choices()).file(cli.settings.config.clone());
    Ok(loader.environment(std::env::vars_os()).sets(cli.settings.sets.clone()).load()?)
}

/// Runs a command that may have to open an encrypted key.
fn with_passphrases<T>(source: cli::PassphraseSource, command: impl FnOnce(&mut Passphrases<'_>) -> T) -> T {
    let variable = std::env::var_os(VARIABLE);
    let mut prompt = ask_terminal;
    command(&mut Passphrases::new(source.passphrase_fd, variable.as_deref(), &mut prompt))
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Runs a command that talks to somebody, on `workers` threads. Threads that still wait for a key or a pipe are left behind at the end.
fn on_runtime(workers: usize, command: impl Future<Output = Result<(), AppError>>) -> Result<(), AppError> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(workers).enable_all().build();
    let runtime = runtime.map_err(|source| AppError::Io { what: "starting", source })?;
    let result = runtime.block_on(command);
    runtime.shutdown_background();
    result
}

/// Prints the result of a command.
fn print(text: &str) -> Result<(), AppError> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|source| AppError::Io { what: "writing standard output", source })
}
