//! The service `receive`: stores what comes in a file, or writes it to standard output. A file has its name only when all of it is there
//! and safe on the disk; until then it is a part with a name of its own, which goes when the stream does not come to its end.

use super::Served;
use crate::server::Context;
use crate::stdout;
use sealwire_config::Config;
use sealwire_transport::ChannelError;
use sealwire_transport::channel::{Channel, Receiver, Sender, abandon};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;
use tempfile::TempPath;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

/// Where streams are stored.
pub struct Receiving {
    /// A file or a folder; none for standard output.
    path: Option<PathBuf>,
    /// Standard output has one stream at a time.
    stdout: Arc<Mutex<()>>,
}

impl Receiving {
    /// As the config has it.
    pub fn new(config: &Config) -> Receiving {
        Receiving { path: config.server.receive.clone(), stdout: Arc::default() }
    }

    async fn begin(&self) -> io::Result<Store> {
        match &self.path {
            Some(path) => Store::file(path.clone()).await,
            None => {
                let busy = || io::Error::new(io::ErrorKind::ResourceBusy, "standard output has another stream");
                let one = self.stdout.clone().try_lock_owned().map_err(|_| busy())?;
                Ok(Store::Stdout { out: stdout::for_bytes()?, _one: one })
            }
        }
    }
}

/// A stream on its way to where it is stored.
enum Store {
    Stdout { out: File, _one: OwnedMutexGuard<()> },
    Part { file: File, part: TempPath, place: Place },
}

/// Where a part goes in the end.
enum Place {
    /// In the place of what is there.
    File(PathBuf),
    /// Under a name that nothing in the folder has.
    Folder(PathBuf),
}

impl Place {
    /// What the config means: a link stands for what it leads to, and what is neither a file nor a folder is not replaced by one.
    fn of(path: PathBuf) -> io::Result<Place> {
        let found = match fs::canonicalize(&path) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Place::File(path)),
            Err(error) => return Err(error),
        };
        match fs::metadata(&found)? {
            meta if meta.is_dir() => Ok(Place::Folder(found)),
            meta if meta.is_file() => Ok(Place::File(found)),
            _ => {
                let text = format!("server.receive: {} is neither a file nor a folder", path.display());
                Err(io::Error::new(io::ErrorKind::InvalidInput, text))
            }
        }
    }

    fn folder(&self) -> &Path {
        match self {
            Place::Folder(folder) => folder,
            Place::File(path) => {
                path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
            }
        }
    }
}

impl Store {
    async fn file(path: PathBuf) -> io::Result<Store> {
        on_a_thread(move || {
            let place = Place::of(path)?;
            // Only its owner may read it, as with every file of this crate that is made anew.
            let part = tempfile::Builder::new().prefix(".receiving-").suffix(".part").tempfile_in(place.folder())?;
            let (file, part) = part.into_parts();
            Ok(Store::Part { file: File::from_std(file), part, place })
        })
        .await
    }

    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Store::Stdout { out, .. } => out.write_all(bytes).await,
            Store::Part { file, .. } => file.write_all(bytes).await,
        }
    }

    /// It does not come to its end. What is on its way to standard output arrives before another stream may begin; a part goes.
    async fn give_up(self) {
        if let Store::Stdout { mut out, .. } = self {
            let _ = out.flush().await;
        }
    }

    /// All is there: makes it last, and gives it its name, which is returned.
    async fn finish(self) -> io::Result<Option<PathBuf>> {
        match self {
            Store::Stdout { mut out, .. } => out.flush().await.map(|()| None),
            Store::Part { mut file, part, place } => {
                file.flush().await?;
                file.sync_all().await?;
                on_a_thread(move || {
                    let folder = place.folder().to_owned();
                    let name = name(part, place)?;
                    sync_folder(&folder)?;
                    Ok(Some(name))
                })
                .await
            }
        }
    }
}

/// Gives a part its name.
fn name(mut part: TempPath, place: Place) -> io::Result<PathBuf> {
    let folder = match place {
        Place::File(path) => return part.persist(&path).map(|()| path).map_err(|error| error.error),
        Place::Folder(folder) => folder,
    };
    let time = humantime::format_rfc3339_seconds(SystemTime::now()).to_string().replace(':', "-");
    let mut count = 0;
    loop {
        let path = folder.join(if count == 0 { time.clone() } else { format!("{time}-{count}") });
        match part.persist_noclobber(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => part = error.path,
            Err(error) => return Err(error.error),
        }
        count += 1;
    }
}

/// Makes the names in a folder last, where the system can do that.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { fs::File::open(folder)?.sync_all() } else { Ok(()) }
}

async fn on_a_thread<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}

/// Stores one stream. Only when that is done it closes its own direction, which is how the client knows.
pub(super) async fn serve(channel: Channel, context: &Context) -> Result<Served, ChannelError> {
    let Channel { mut sender, mut receiver, peer: _ } = channel;
    let stored = store(&mut sender, &mut receiver, context).await;
    match stored {
        Ok(bytes) => {
            sender.close().await?;
            Ok(Served { bytes, ..Served::default() })
        }
        Err(error) => {
            abandon(sender, receiver, &error).await;
            Err(error)
        }
    }
}

async fn store(sender: &mut Sender, receiver: &mut Receiver, context: &Context) -> Result<u64, ChannelError> {
    let mut store = context.receiving.begin().await.map_err(failed)?;
    let late = async {
        context.stopping().stopped().await;
        sleep(context.drain_timeout).await;
        Err(failed(io::Error::other("the server stops")))
    };
    // Whoever reads the output, and the disk, may take their time: the client hears that this end lives.
    let writing = sender.while_idle(async {
        tokio::select! {
            written = write_all(receiver, &mut store) => written,
            stopped = late => stopped,
        }
    });
    match writing.await? {
        Ok(bytes) => {
            let file = sender.while_idle(store.finish()).await?.map_err(failed)?;
            tracing::info!(bytes, file = file.map(|file| file.display().to_string()), "stored");
            Ok(bytes)
        }
        Err(error) => {
            store.give_up().await;
            Err(error)
        }
    }
}

/// Writes what comes, to its end; returns the number of bytes.
async fn write_all(receiver: &mut Receiver, store: &mut Store) -> Result<u64, ChannelError> {
    let mut bytes = 0;
    while let Some(data) = receiver.receive().await? {
        bytes += data.len() as u64;
        store.write(data).await.map_err(failed)?;
    }
    Ok(bytes)
}

fn failed(error: io::Error) -> ChannelError {
    ChannelError::Service(Arc::new(error))
}
