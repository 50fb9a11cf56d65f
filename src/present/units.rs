//! Sizes, for people.

/// Bytes in the largest fitting binary unit.
pub fn size(bytes: u64) -> String {
    let in_units = |unit: u64| bytes as f64 / unit as f64;
    // What would be rounded to 1024.0 of a unit is 1.0 of the next.
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_525 => format!("{:.1} KiB", in_units(1 << 10)),
        1_048_525..1_073_689_396 => format!("{:.1} MiB", in_units(1 << 20)),
        _ => format!("{:.1} GiB", in_units(1 << 30)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (bytes, shown) in [
            (0, "0 B"),
            (1_023, "1023 B"),
            (1_024, "1.0 KiB"),
            (1_048_524, "1023.9 KiB"),
            (1_048_525, "1.0 MiB"),
            (1_073_689_395, "1023.9 MiB"),
            (1_073_689_396, "1.0 GiB"),
            (66_533 << 20, "65.0 GiB"),
        ] {
            assert_eq!(size(bytes), shown);
        }
    }
}
