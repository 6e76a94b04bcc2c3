use groundswell_gate::VolumeRow;

fn write<T: serde::Serialize>() {}

fn main() {
    write::<VolumeRow>();
}
