//! Finish reasons of all providers.

use clawft_types::Finish;

#[test]
fn knows_the_reasons_of_all_providers() {
    for (finish, reasons) in [
        (Finish::Complete, "stop STOP end_turn stop_sequence eos eos_token"),
        (
            Finish::Truncated,
            "length max_tokens MAX_TOKENS model_length model_context_window_exceeded",
        ),
        (
            Finish::Filtered,
            "content_filter SAFETY RECITATION content_filter:SAFETY guardrail_intervened content_filtered IMAGE_SAFETY sensitive",
        ),
        (Finish::Refused, "refusal"),
        (Finish::Paused, "pause_turn"),
        (Finish::Unknown, "tool_calls stopped other"),
    ] {
        for reason in reasons.split(' ') {
            assert_eq!(Finish::of(reason), finish, "{reason}");
        }
    }
    assert_eq!(Finish::of(""), Finish::Complete);
    assert_eq!(Finish::of("content_filter: PROHIBITED_CONTENT"), Finish::Filtered);
}

#[test]
fn warns_unless_the_answer_is_complete() {
    assert_eq!(Finish::Complete.warning(Some("stop")), None);
    assert_eq!(
        Finish::Truncated.warning(Some("length")).as_deref(),
        Some("the answer is truncated at a limit of tokens (finish reason `length`)")
    );
    assert_eq!(
        Finish::Refused.warning(None).as_deref(),
        Some("the model refused to answer")
    );
    for finish in [Finish::Filtered, Finish::Paused, Finish::Unknown] {
        assert!(finish.warning(None).is_some(), "{finish:?}");
    }
}
