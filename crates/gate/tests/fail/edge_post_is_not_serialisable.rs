use groundswell_edge::EdgePost;

fn write<T: serde::Serialize>() {}

fn main() {
    write::<EdgePost>();
}
