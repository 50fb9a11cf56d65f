//! What `export-bundle` and `import-bundle` are told of media: sizes, percents, moments, which stick, and the next
//! one when a stick is full.

use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

use crate::messages::say;
use crate::node::{Ask, Exit, ExportOptions, Failure, Full, Handle, Layout, Since};

use super::args::{Export, Import};
use super::out::{Out, broken, printable};
use crate::present::time;
use crate::present::units::size;

/// Bytes of a size such as `700M`, `2G` or `4096`: K, M, G and T are powers of 1,024.
pub fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let (number, shift) = match text.chars().last()? {
        'k' | 'K' => (text.get(..text.len() - 1)?, 10),
        'm' | 'M' => (text.get(..text.len() - 1)?, 20),
        'g' | 'G' => (text.get(..text.len() - 1)?, 30),
        't' | 'T' => (text.get(..text.len() - 1)?, 40),
        _ => (text, 0),
    };
    number.parse::<u64>().ok()?.checked_mul(1 << shift)
}

/// Slices below this are a mistake: a file system's block.
const LEAST_SLICE: u64 = 4 * 1024;

fn layout(args: &Export) -> Result<Layout, Failure> {
    let bad = |code, text: &str| Failure::new(code, Exit::Usage).with("text", text);
    let slice = match &args.slice {
        None => None,
        Some(text) => {
            let found = parse_size(text).filter(|found| *found >= LEAST_SLICE);
            Some(found.ok_or_else(|| bad("bad-slice", text))?)
        }
    };
    let parity = match &args.parity {
        None => 0,
        Some(text) => {
            let number = text.trim().trim_end_matches('%').parse::<u8>();
            let found = number.ok().filter(|found| (1..=100).contains(found));
            found.ok_or_else(|| bad("bad-parity", text))?
        }
    };
    Ok(Layout { slice, parity })
}

/// What shall go.
pub fn options(args: &Export) -> Result<ExportOptions, Failure> {
    let since = match &args.since {
        None => None,
        Some(text) => {
            let span = time::parse_duration(text).map(Since::Ago);
            let found = span.or_else(|| time::parse_date(text.trim()).map(Since::At));
            Some(found.ok_or_else(|| Failure::new("bad-since", Exit::Usage).with("text", text))?)
        }
    };
    Ok(ExportOptions {
        full: args.full,
        dry_run: args.dry_run,
        since,
    })
}

/// Where to, and in which layout.
pub fn export_target(node: &Handle, args: &Export) -> Result<(Vec<PathBuf>, Layout), Failure> {
    let layout = layout(args)?;
    if args.output.as_deref() == Some(Path::new("-")) && layout.parity > 0 {
        return Err(Failure::new("parity-of-pipe", Exit::Usage));
    }
    if !args.usb {
        return Ok((args.media.clone(), layout));
    }
    let found = node.removable();
    match found.len() {
        0 => Err(Failure::new("no-removable", Exit::NoMedium)),
        1 => Ok((found, layout)),
        _ => {
            let paths = found.iter().map(|path| path.display().to_string());
            let paths = paths.collect::<Vec<_>>().join(", ");
            Err(Failure::new("several-removable", Exit::Usage).with("paths", paths))
        }
    }
}

/// From where.
pub fn import_sources(node: &Handle, args: &Import) -> Result<Vec<PathBuf>, Failure> {
    if !args.usb {
        return Ok(args.sources.clone());
    }
    let found = node.removable();
    if found.is_empty() {
        return Err(Failure::new("no-removable", Exit::NoMedium));
    }
    Ok(found)
}

/// Asks for the next medium, where a person sits at a terminal.
pub fn ask_next(out: &Out, last: Option<&PathBuf>) -> Option<Box<Ask<'static>>> {
    let person = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    let mut last = last.filter(|_| person && !out.json)?.clone();
    Some(Box::new(move |full: Full| {
        let about = [
            ("written", size(full.written)),
            ("left", size(full.left)),
            ("path", last.display().to_string()),
        ];
        let mut err = std::io::stderr().lock();
        if full.unfit {
            let _ = writeln!(
                err,
                "okibi: {}",
                printable(&say("next-medium-unfit", &about))
            );
        }
        let _ = write!(err, "okibi: {} ", printable(&say("next-medium", &about)));
        let _ = err.flush();
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line);
        match (read, line.trim()) {
            (Err(_) | Ok(0), _) | (_, "q" | "Q") => return None,
            (_, "") => {}
            (_, path) => last = path.into(),
        }
        Some(last.clone())
    }))
}

/// Says how safe what was written is.
pub fn tell_safety(out: &Out, medium: bool, reread: bool) -> Result<(), Failure> {
    let code = match (medium, reread) {
        (true, true) => "safe-to-remove",
        (true, false) => "safe-to-remove-unread",
        (false, true) => "read-back-file",
        (false, false) => "not-reread",
    };
    out.note(code, &[]).map_err(|error| broken(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, expected) in [
            ("4096", Some(4096)),
            ("700M", Some(700 << 20)),
            (" 2g ", Some(2 << 30)),
            ("1T", Some(1 << 40)),
            ("64k", Some(64 << 10)),
            ("", None),
            ("G", None),
            ("-1G", None),
            ("1.5G", None),
            ("99999999999999T", None),
            ("1é", None),
        ] {
            assert_eq!(parse_size(text), expected, "{text}");
        }
    }
}
