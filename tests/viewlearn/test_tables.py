from viewlearn.tables import markdown_table, text_table

HEAD, ROWS = ("task", "probe", "accuracy"), [("digit", "linear", "48.40"), ("a", "knn", "—")]


def test_text_is_aligned_and_numbers_stay_as_they_are_written():
    lines = text_table(HEAD, ROWS, left=2).splitlines()
    assert lines[0] == "task    probe      accuracy"
    assert lines[2:] == ["digit   linear        48.40", "a       knn               —"]


def test_markdown():
    head, rule, *rows = markdown_table(HEAD, ROWS).splitlines()
    assert [cell.strip() for cell in head.split("|")[1:-1]] == [*HEAD]
    assert [(cell[0] + cell[-1]).replace("--", "-") for cell in rule.split("|")[1:-1]] == [":-", "-:", "-:"]
    assert [cell.strip() for cell in rows[0].split("|")[1:-1]] == [*ROWS[0]]
    assert len(markdown_table(HEAD, []).splitlines()) == 2
