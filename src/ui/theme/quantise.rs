//! Colour arithmetic: hex, luminance, the nearest of the 256.
//! It refuses to choose colours; roles are the theme's.

/// Red, green, blue of `0xrrggbb`.
pub(super) fn split(hex: u32) -> (u8, u8, u8) {
    let [_, r, g, b] = hex.to_be_bytes();
    (r, g, b)
}

/// Relative luminance in [0, 1] (WCAG 2.2, sRGB).
pub(super) fn luminance((r, g, b): (u8, u8, u8)) -> f64 {
    let linear = |c: u8| {
        let c = f64::from(c) / 255.0;
        if c <= 0.04045 {
            c / 12.92
        } else {
            ((c + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
}

/// The nearest colour of xterm's cube or grey ramp; never one of the first 16, which users redefine.
pub(super) fn cube(r: u8, g: u8, b: u8) -> u8 {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let step = |c: u8| (0..6u8).min_by_key(|i| LEVELS[*i as usize].abs_diff(c)).unwrap_or(0);
    let (x, y, z) = (step(r), step(g), step(b));
    let in_cube = (LEVELS[x as usize], LEVELS[y as usize], LEVELS[z as usize]);
    let mean = (u16::from(r) + u16::from(g) + u16::from(b)) / 3;
    let rung = (mean.saturating_sub(3) / 10).min(23) as u8;
    let grey = 8 + 10 * rung;
    if distance((grey, grey, grey), (r, g, b)) < distance(in_cube, (r, g, b)) {
        232 + rung
    } else {
        16 + 36 * x + 6 * y + z
    }
}

fn distance(a: (u8, u8, u8), b: (u8, u8, u8)) -> u32 {
    let part = |x: u8, y: u8| u32::from(x.abs_diff(y)).pow(2);
    part(a.0, b.0) + part(a.1, b.1) + part(a.2, b.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cube_corners_and_greys_map_to_themselves() {
        assert_eq!(cube(0, 0, 0), 16);
        assert_eq!(cube(255, 255, 255), 231);
        assert_eq!(cube(255, 175, 95), 16 + 36 * 5 + 6 * 3 + 1);
        assert_eq!(cube(38, 38, 38), 235);
    }

    #[test]
    fn white_is_bright_and_black_is_not() {
        assert!((luminance((255, 255, 255)) - 1.0).abs() < 1e-9);
        assert_eq!(luminance((0, 0, 0)), 0.0);
    }
}
