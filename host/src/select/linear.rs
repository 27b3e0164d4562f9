//! Ridge regression.

/// The penalty on columns of deviation 1.
pub const RIDGE: f64 = 1e-3;

/// The weights w of (A + ridge) w = b: `a` has a row for each unknown and b as its last column. Gauss-Jordan
/// elimination, of a system that is positive definite once the ridge is on its diagonal.
pub fn solve(mut a: Vec<Vec<f64>>) -> Vec<f64> {
    let n = a.len();
    a.iter_mut().enumerate().for_each(|(place, row)| row[place] += RIDGE);
    for pivot in 0..n {
        let row: Vec<f64> = a[pivot].iter().map(|cell| cell / a[pivot][pivot]).collect();
        for (number, other) in a.iter_mut().enumerate() {
            if number != pivot {
                let factor = other[pivot];
                other.iter_mut().zip(&row).for_each(|(cell, pivot)| *cell -= factor * pivot);
            }
        }
        a[pivot] = row;
    }
    a.iter().map(|row| row[n]).collect()
}
