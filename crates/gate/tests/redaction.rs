//! What holds a person's words or identity prints a redaction (PRIVACY section 1).

use groundswell_edge::{AuthorToken, EdgePost, PostKey};
use groundswell_gate::CandidateCell;
use groundswell_post::{DeleteTarget, Deletion, RawPost};
use groundswell_sketch::{CellKey, Distinct};

#[test]
fn nothing_before_the_gate_prints_what_it_holds() {
    const CANARY: &str = "canary";
    let raw = RawPost {
        author: Some(CANARY.into()),
        id: Some(CANARY.into()),
        text: CANARY.into(),
        source: Some(CANARY.into()),
        hashtags: vec![CANARY.into()],
        links: Some(vec![CANARY.into()]),
        ..RawPost::default()
    };
    let edge = EdgePost {
        text: CANARY.to_owned(),
        hashtags: vec![CANARY.to_owned()],
        source: CANARY.to_owned(),
        author: Some(AuthorToken::from_bits(4_242)),
        key: Some(PostKey::from_bits(4_242)),
        ..EdgePost::default()
    };
    let deletion = Deletion { time: None, source: Some(CANARY.into()), target: DeleteTarget::Author(CANARY.into()) };
    let authors = Distinct::from_sorted_unique(&[4_242]);
    let cell = CandidateCell {
        value: CANARY.to_owned(),
        posts: 1,
        publisher_posts: 0,
        key: CellKey::default(),
        authors,
        name_publishers: None,
    };
    let printed =
        format!("{raw:?} {raw:#?} {edge:?} {edge:#?} {deletion:?} {cell:?} {:?} {:?}", edge.author, cell.authors);
    assert!(!printed.contains(CANARY) && !printed.contains("4242"), "{printed}");
    assert!(printed.contains("redacted"));
}
