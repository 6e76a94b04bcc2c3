use groundswell_post::RawPost;

fn write<T: serde::Serialize>() {}

fn main() {
    write::<RawPost<'static>>();
}
