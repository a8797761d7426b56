//! Hello world, the smallest component.

fn main() {
    println!("Hello, world!");
}
