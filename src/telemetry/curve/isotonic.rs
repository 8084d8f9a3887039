//! Isotonic regression: the nearest rising sequence. It knows no rows; whoever has points brings values and weights.

/// The rising sequence nearest to `points` = (value, weight > 0) by weighted least squares; one value per point, in order.
///
/// Pool adjacent violators (Ayer et al. 1955): neighbours that fall are replaced by their weighted mean.
pub fn isotonic(points: impl Iterator<Item = (f64, f64)>) -> Vec<f64> {
    // Each block: weighted mean, weight, points in it.
    let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
    for (value, weight) in points {
        blocks.push((value, weight, 1));
        while let [.., (a, wa, na), (b, wb, nb)] = blocks[..] {
            if a <= b {
                break;
            }
            blocks.truncate(blocks.len() - 2);
            blocks.push(((a * wa + b * wb) / (wa + wb), wa + wb, na + nb));
        }
    }
    let level = |(mean, _, n)| std::iter::repeat_n(mean, n);
    blocks.into_iter().flat_map(level).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn violators_are_pooled_by_weight() {
        let fit = isotonic([(100.0, 1.0), (90.0, 3.0), (300.0, 1.0)].into_iter());

        // (100 + 3·90)/4
        assert_eq!(fit, [92.5, 92.5, 300.0]);
    }

    #[test]
    fn a_late_fall_pools_as_far_back_as_it_must() {
        // (2 + 3 + 2 + 0)/4
        let even = [2.0, 3.0, 2.0, 0.0].map(|v| (v, 1.0));

        assert_eq!(isotonic(even.into_iter()), [1.75; 4]);
        assert_eq!(isotonic(std::iter::empty()), [0.0; 0]);
    }
}
