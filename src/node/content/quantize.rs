//! A model's weights in fewer bits, as a new file beside the old one.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::model::ModelError;
use crate::model::file::ModelFile;
use crate::model::quantize::{RECIPES, Recipe, plan};

use crate::node::inference::engine::model_failed;
use crate::node::{Event, Exit, Failure, Handle};

/// Bytes between two reports of progress.
const REPORT: u64 = 16 << 20;

/// How a model is to be packed.
#[derive(Debug, Clone, Copy)]
pub struct Packing<'a> {
    /// Name of the recipe.
    pub recipe: &'a str,
    /// Pack what is packed already, and accept the loss.
    pub again: bool,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// What became of it.
#[derive(Debug, Clone)]
pub struct Packed {
    pub recipe: &'static str,
    pub bytes_before: u64,
    pub bytes: u64,
    /// How many tensors have each type.
    pub types: Vec<(&'static str, usize)>,
}

impl Handle {
    /// Writes a GGUF file (or a model of this node, by name) in fewer bits to `out`. The new file appears under
    /// its name only when it is whole; a broken-off run leaves `.NAME.part`, which the next one writes over.
    pub fn quantize(&mut self, from: &Path, out: &Path, how: Packing) -> Result<Packed, Failure> {
        let recipe = Recipe::named(how.recipe).ok_or_else(|| {
            let known: Vec<&str> = RECIPES.iter().map(|recipe| recipe.name).collect();
            Failure::new("model-type-unknown", Exit::Usage)
                .with("name", how.recipe)
                .with("known", known.join(", "))
        })?;
        let shown = from.display().to_string();
        let path = self.model_path(from)?;
        let file = ModelFile::open(&path).map_err(|error| model_failed(&shown, &error))?;
        let plan = plan(&file, recipe, how.again).map_err(|error| refused(&shown, &error))?;
        let packed = Packed {
            recipe: recipe.name,
            bytes_before: file.bytes().len() as u64,
            bytes: plan.bytes,
            types: plan.types(),
        };
        if out.exists() {
            return Err(Failure::new("file-exists", Exit::Failed).with("path", out.display()));
        }
        let folder = folder_of(out);
        let space = rustix::fs::statvfs(folder).map_err(|e| Failure::io(folder, e.into()))?;
        if space.f_bavail.saturating_mul(space.f_frsize) < plan.bytes {
            return Err(Failure::io(out, std::io::ErrorKind::StorageFull.into()));
        }
        if how.dry_run {
            return Ok(packed);
        }
        let part = Part::open(out)?;
        let mut next = 0;
        let (total, sink) = (plan.bytes, &mut self.sink);
        let mut writer = BufWriter::with_capacity(1 << 20, &part.file);
        let done = plan.run(&mut writer, &mut |done| {
            if done >= next || done == total {
                next = done + REPORT;
                sink(Event::Progress {
                    what: "quantize",
                    done,
                    total,
                });
            }
        });
        let done = done.and_then(|()| writer.flush().map_err(ModelError::Write));
        drop(writer);
        match done {
            Ok(()) => part.publish(out)?,
            Err(ModelError::Write(error)) => {
                part.remove();
                return Err(Failure::io(out, error));
            }
            Err(error) => {
                part.remove();
                return Err(model_failed(&shown, &error));
            }
        }
        Ok(packed)
    }

    /// A file by its path, or a model of this node by its name.
    fn model_path(&self, from: &Path) -> Result<PathBuf, Failure> {
        let missing = !from.exists();
        let named = from
            .to_str()
            .filter(|_| missing)
            .map(|name| self.store.model(name));
        match named.transpose()?.flatten() {
            Some(row) => Ok(self.store.blob_path(&row.blob)),
            None if missing => Err(Failure::io(from, std::io::ErrorKind::NotFound.into())),
            None => Ok(from.to_owned()),
        }
    }
}

fn refused(name: &str, error: &ModelError) -> Failure {
    let code = match error {
        ModelError::Packed { .. } => "model-packed",
        ModelError::NothingToGain(_) => "model-no-gain",
        _ => return model_failed(name, error),
    };
    Failure::new(code, Exit::Usage)
        .with("name", name)
        .with("error", error)
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// A file in the making, beside its place.
struct Part {
    file: File,
    path: PathBuf,
}

impl Part {
    /// Opens it for one process alone; what a broken-off run left is written over.
    fn open(out: &Path) -> Result<Self, Failure> {
        let name = out
            .file_name()
            .ok_or_else(|| Failure::io(out, std::io::ErrorKind::IsADirectory.into()))?;
        let path = folder_of(out).join(format!(".{}.part", name.to_string_lossy()));
        let io = |error: std::io::Error| Failure::io(&path, error);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            // Not through a link that somebody laid there.
            .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
            .open(&path)
            .map_err(io)?;
        if file.try_lock().is_err() {
            return Err(Failure::new("file-busy", Exit::Busy).with("path", path.display()));
        }
        file.set_len(0).map_err(io)?;
        Ok(Self { file, path })
    }

    fn publish(self, out: &Path) -> Result<(), Failure> {
        let io = |error: std::io::Error| Failure::io(out, error);
        self.file.sync_all().map_err(io)?;
        std::fs::rename(&self.path, out).map_err(io)?;
        File::open(folder_of(out))
            .and_then(|folder| folder.sync_all())
            .map_err(io)
    }

    fn remove(self) {
        // What stays is written over by the next run.
        let _ = std::fs::remove_file(&self.path);
    }
}
