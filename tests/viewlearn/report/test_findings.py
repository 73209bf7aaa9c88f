"""What a page says first, on constructed runs: only what the numbers support."""

import math

import pytest

from viewlearn.evaluation import Results, Row
from viewlearn.evaluation.feature_dropping import FeatureDropping
from viewlearn.evaluation.feature_dropping.destruction import Destruction
from viewlearn.evaluation.feature_dropping.results import TaskDropping, ViewsEffect
from viewlearn.evaluation.intervals import wilson_interval
from viewlearn.evaluation.score import Difference, Score
from viewlearn.report.findings import Outcome, findings, verdict


def score(num_correct: int, num_test: int = 1_000) -> Score:
    low, high = wilson_interval(num_correct, num_test)
    return Score(num_correct / num_test, low, high, 500, num_test)


def row(task: str, trained: int, random: int | None, probe: str = "linear", majority: float = 0.1) -> Row:
    return Row(task, probe, score(trained), None if random is None else score(random), majority, 0.1)


def effect(**rates: float) -> ViewsEffect:
    tasks = {
        task: TaskDropping(Destruction(rate, max(0, rate - 0.03), rate + 0.03, 0.5, 90, 100), [], [], rate, rate, 10)
        for task, rate in rates.items()
    }
    return ViewsEffect(tasks, {}, None, {})


def dropping(gaps: dict[str, str] | None = None, early: ViewsEffect | None = None, **rates: float) -> FeatureDropping:
    views = {"final": effect(**rates)} | ({} if early is None else {"step 40": early})
    return FeatureDropping(views, {}, gaps or {}, 100, 4, 0.5)


def told(*runs: Outcome) -> list[tuple[str, str, str]]:
    return [(each.section, each.tone, f"{each.headline}. {each.detail}") for each in findings(runs)]


def test_the_difference_has_newcombes_interval():
    """His example of 56 of 70 against 48 of 80 (Statistics in Medicine 17, 1998, table II, method 10)."""
    difference = Difference.of(score(56, 70), score(48, 80))
    assert [round(each, 4) for each in (difference.value, difference.low, difference.high)] == [0.2, 0.0524, 0.3339]


@pytest.mark.parametrize("a, b", [(0, 10), (3, 7), (10, 10)])
def test_the_difference_changes_its_sign_with_the_order(a, b):
    one, other = Difference.of(score(a, 10), score(b, 10)), Difference.of(score(b, 10), score(a, 10))
    assert (one.value, one.low, one.high) == pytest.approx((-other.value, -other.high, -other.low))
    assert -1 <= one.low <= one.value <= one.high <= 1 and not math.isnan(one.low)


def test_a_learned_view_that_helps_one_task():
    """Both probes of a task are heard, and where they disagree, the sentence says so."""
    rows = (
        row("region", 640, 537),
        row("digit", 200, 195),
        row("digit", 150, 230, "knn"),
        row("region", 600, 500, "knn"),
    )
    found = told(Outcome("a", Results(rows), dropping(digit=0.47, region=0.08), learned=True))
    assert found == [
        (
            "destruction",
            "plain",
            "The learned views destroyed the digit in 47.0 % and the region in 8.0 % of views. "
            "Intervals: digit [44.0, 50.0], region [5.0, 11.0].",
        ),
        (
            "tasks",
            "better",
            "The region is read 10.3 points better than by an untrained encoder. By a linear probe on 1,000 samples: "
            "64.0 % [61.0, 66.9], untrained 53.7 [50.6, 56.8]: +10.3 [6.0, 14.6] points. "
            "By kNN it is better, too: +10.0 [5.6, 14.3].",
        ),
        (
            "tasks",
            "even",
            "The digit isn't read better than by an untrained encoder: +0.5 points. By a linear probe on 1,000 "
            "samples: 20.0 % [17.6, 22.6], untrained 19.5 [17.2, 22.1]: +0.5 [−3.0, 4.0] points. "
            "By kNN it is worse: −8.0 [−11.4, −4.6].",
        ),
    ]


def test_worse_than_untrained():
    ((_, tone, text),) = [each for each in told(Outcome("a", Results((row("digit", 162, 197),)))) if each[0] == "tasks"]
    assert tone == "worse"
    assert text.startswith("The digit is read 3.5 points worse than by an untrained encoder. ")
    assert "−3.5 [−6.9, −0.1] points." in text


def test_no_better_than_the_most_frequent_answer():
    (_, tone, text) = told(Outcome("a", Results((row("digit", 500, 480, majority=0.5),))))[0]
    assert tone == "even"
    assert "That isn't above the most frequent answer (50.0 %)." in text


@pytest.mark.parametrize("num_correct, tone", [(300, "better"), (110, "even")])
def test_without_an_untrained_encoder_guessing_is_the_measure(num_correct, tone):
    found = told(Outcome("a", Results((row("digit", num_correct, None),))))
    assert found[0][1] == tone
    assert "the most frequent answer gives 10.0 %" in found[0][2]
    assert "untrained" not in found[0][2]


def test_missing_tasks_and_no_analysis_are_said():
    unlabeled = told(Outcome("a", Results(), None, why_unmeasured="it wasn't asked"))
    assert unlabeled == [
        ("destruction", "missing", "What the views destroy isn't known. It wasn't asked."),
        (
            "neighbors",
            "missing",
            "The data have no labels that could tell what was learned. "
            "Which samples the encoder puts side by side can be looked at.",
        ),
    ]
    unfinished = told(
        Outcome("a", None, dropping(gaps={"hue": "no labels"}, digit=0.2), why_unrated="it isn't finished")
    )
    assert unfinished[0][2].endswith("For the hue that isn't known.")
    assert unfinished[1] == ("tasks", "missing", "What was learned isn't known. It isn't finished.")
    none_judged = told(Outcome("a", Results((row("digit", 200, 195),)), dropping(gaps={"digit": "too few"})))
    assert none_judged[1] == ("destruction", "missing", "What the views destroy isn't known. Digit: too few.")


def test_views_that_destroy_nothing():
    (found,) = told(Outcome("a", Results((row("digit", 200, 195),)), dropping(digit=0.0, region=0.0)))[:1]
    assert found[2] == (
        "The views destroyed no label. "
        "They destroyed the digit in none of 360 views and the region in none of 360 views."
    )


@pytest.mark.parametrize("before, word", [(0.1, "more"), (0.8, "less"), (0.43, None)])
def test_how_a_learned_view_moved_is_said_where_intervals_are_apart(before, word):
    run = Outcome("a", Results((row("digit", 200, 195),)), dropping(early=effect(digit=before), digit=0.47), True)
    moved = [text for _, _, text in told(run) if text.startswith("While training")]
    assert [f"came to destroy the digit {word} often" in text for text in moved] == ([True] if word else [])
    assert all("at step 40" in text for text in moved)


def test_several_runs_are_ranked_where_they_can_be_told_apart():
    runs = [
        Outcome("none", Results((row("digit", 162, 197), row("region", 500, 510))), dropping(digit=0.0, region=0.0)),
        Outcome(
            "learned", Results((row("digit", 567, 197), row("region", 640, 510))), dropping(digit=0.2, region=0.1), True
        ),
        Outcome(
            "designed", Results((row("digit", 654, 197), row("region", 650, 510))), why_unmeasured="it wasn't asked"
        ),
    ]
    texts = [text for section, _, text in told(*runs) if section == "tasks"]
    assert texts[0] == (
        "The digit is read best by designed: 65.4 %, 8.7 points more than by learned. By a linear probe on 1,000 "
        "samples: 65.4 % [62.4, 68.3], +8.7 [4.4, 12.9] points more than by learned. In points against an "
        "untrained encoder, better: designed +45.7 [41.7, 49.4], learned +37.0 [33.0, 40.8]; worse: none −3.5 [−6.9, "
        "−0.1]."
    )
    assert texts[1].startswith("The region is read best by designed and learned, between which no difference is seen.")
    texts = [text for section, _, text in told(*runs) if section == "destruction"]
    assert texts == [
        "The digit was destroyed most often by the views of learned, in 20.0 % of them, and least often by those of "
        "none, in none. learned 20.0 % [17.0, 23.0], none in none of 360 views.",
        "The region was destroyed most often by the views of learned, in 10.0 % of them, and least often by those of "
        "none, in none. learned 10.0 % [7.0, 13.0], none in none of 360 views.",
        "What the views of designed destroy isn't known. It wasn't asked.",
    ]
    alone = [each.headline for each in findings(runs[1:]) if each.section == "destruction"]
    assert alone[0] == "The learned views of learned destroyed the digit in 20.0 % and the region in 10.0 % of views"


def test_no_order_is_claimed_of_views_whose_intervals_touch():
    runs = [Outcome(f"r{k}", Results(), dropping(digit=0.2 + k / 100)) for k in range(6)]
    heads = [each.headline for each in findings(runs) if each.section == "destruction"]
    assert heads == ["No views are seen to destroy the digit more often than others"]


def test_a_run_with_other_probes_is_compared_with_none_of_other_probes():
    runs = [
        Outcome("a", Results((row("digit", 300, 200, "knn"),))),
        Outcome("b", Results((row("digit", 900, 200),))),
    ]
    (text,) = [text for section, _, text in told(*runs) if section == "tasks"]
    assert text.startswith("Of the digit there is an answer by a alone. By kNN")


def test_runs_that_lack_the_same_for_the_same_reason_share_a_sentence():
    runs = [Outcome(name, Results(), why_unmeasured="it wasn't asked") for name in "abc"]
    heads = [each.headline for each in findings(runs) if each.section == "destruction"]
    assert heads == ["What the views of a, b and c destroy isn't known"]


def test_what_is_written_decides_whether_zero_is_excluded():
    assert verdict(Difference(-0.08, -0.159, -0.0004)) == "even"  # it is written as −0.0
    assert verdict(Difference(-0.08, -0.159, -0.0006)) == "worse"
