//! A program that uses the standard library: it counts the letters of its arguments.

use std::collections::HashMap;

fn main() {
    let text: Vec<String> = std::env::args().skip(1).collect();
    let mut counts: HashMap<char, usize> = HashMap::new();
    for letter in text.join(" ").chars() {
        *counts.entry(letter).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort();
    println!("{counts:?} {:.3} {:?}", 2f64.sqrt(), "1.5e3".parse::<f32>());
    println!("{:?}", "300".parse::<u8>());
}
