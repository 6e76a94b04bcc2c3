//! What must not compile (PRIVACY section 11): each file under `fail` beside the compiler's words.

#[test]
fn what_has_not_passed_the_gate_cannot_leave() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/pass/*.rs");
    cases.compile_fail("tests/fail/*.rs");
}
