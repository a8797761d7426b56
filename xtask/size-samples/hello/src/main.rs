//! Hello world, the floor.

fn main() {
    println!("Hello, world!");
}
