"""The queue file: what queue.yaml and queue.xml declare, and what is said about a wrong one."""

import math
from dataclasses import replace
from textwrap import dedent

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leasehold.errors import Invalid
from leasehold.queues import queue_file
from leasehold.queues.queue_file import Problem, QueueDeclaration, QueueFile, QueueFileInvalid

SHOP_YAML = """\
application: s~shop
total_storage_limit: 120M
resume_paused_queues: True
queue:
- name: resize
  mode: pull
  retry_parameters:
    task_retry_limit: 7
  acl:
  - user_email: Worker@Example.com
  - user_email: second@example.com
  - writer_email: front@example.com
- name: mail
  rate: 30/m
  bucket_size: 40
  max_concurrent_requests: 10
  target: v2.mailer
  retry_parameters:
    task_retry_limit: 3
    task_age_limit: 2d
    min_backoff_seconds: 10
    max_backoff_seconds: 200.5
    max_doublings: 0
- name: default
"""
SHOP_XML = """\
<?xml version="1.0" encoding="UTF-8"?>
<queue-entries>
  <application>s~shop</application>
  <total-storage-limit>120M</total-storage-limit>
  <resume-paused-queues>True</resume-paused-queues>
  <queue>
    <name>resize</name>
    <mode>pull</mode>
    <retry-parameters><task-retry-limit>7</task-retry-limit></retry-parameters>
    <acl>
      <user-email>Worker@Example.com</user-email>
      <user-email>second@example.com</user-email>
      <writer-email>front@example.com</writer-email>
    </acl>
  </queue>
  <queue>
    <name>mail</name>
    <rate>30/m</rate>
    <bucket-size>40</bucket-size>
    <max-concurrent-requests>10</max-concurrent-requests>
    <target>v2.mailer</target>
    <retry-parameters>
      <task-retry-limit>3</task-retry-limit>
      <task-age-limit>2d</task-age-limit>
      <min-backoff-seconds>10</min-backoff-seconds>
      <max-backoff-seconds>200.5</max-backoff-seconds>
      <max-doublings>0</max-doublings>
    </retry-parameters>
  </queue>
  <queue><name>default</name></queue>
</queue-entries>
"""


def shop(*, lines: tuple[int, int, int]) -> QueueFile:
    return QueueFile(
        application="s~shop",
        total_storage_limit=120 * 1024 * 1024,
        resume_paused_queues=True,
        queues=(
            QueueDeclaration(
                line=lines[0],
                name="resize",
                mode="pull",
                task_retry_limit=7,
                consumer_emails=("worker@example.com", "second@example.com"),
                producer_emails=("front@example.com",),
            ),
            QueueDeclaration(
                line=lines[1],
                name="mail",
                mode="push",
                rate=0.5,
                bucket_size=40,
                max_concurrent_requests=10,
                target="v2.mailer",
                task_retry_limit=3,
                task_age_limit=2 * 86_400,
                min_backoff_seconds=10.0,
                max_backoff_seconds=200.5,
                max_doublings=0,
            ),
            QueueDeclaration(line=lines[2], name="default", mode="push"),
        ),
    )


def parse_yaml(text: str) -> QueueFile:
    return queue_file.parse(dedent(text), file_name="queue.yaml")


def parse_xml(text: str) -> QueueFile:
    return queue_file.parse(dedent(text), file_name="queue.xml")


def one_queue(*lines: str) -> QueueDeclaration:
    """The queue `q` with these lines of YAML."""
    text = "\n".join(["queue:", "- name: q", *(f"  {line}" for line in lines)])
    (queue,) = parse_yaml(text).queues
    return queue


def problems_of(text: str | bytes, file_name: str = "queue.yaml") -> list[tuple[int, str]]:
    document = dedent(text) if isinstance(text, str) else text
    with pytest.raises(QueueFileInvalid) as refusal:
        queue_file.parse(document, file_name=file_name)
    return [(problem.line, problem.message) for problem in refusal.value.problems]


def the_problem(text: str | bytes, file_name: str = "queue.yaml") -> tuple[int, str]:
    (problem,) = problems_of(text, file_name)
    return problem


def problem_with(*lines: str) -> str:
    """What is said about the last of these lines in the queue `q`."""
    text = "\n".join(["queue:", "- name: q", *(f"  {line}" for line in lines)])
    line, message = the_problem(text)
    assert len(lines) + 2 == line
    return message


# What a good file declares


def test_a_yaml_file_is_read_whole() -> None:
    assert shop(lines=(5, 13, 24)) == parse_yaml(SHOP_YAML)


def test_an_xml_file_is_read_whole() -> None:
    assert shop(lines=(6, 16, 30)) == parse_xml(SHOP_XML)


@pytest.mark.parametrize("file_name", ["queue.xml", "WEB-INF/QUEUE.XML"])
def test_the_extension_says_which_form_it_is(file_name: str) -> None:
    assert 3 == len(queue_file.parse(SHOP_XML, file_name=file_name).queues)


@pytest.mark.parametrize("text", [SHOP_YAML, SHOP_XML])
def test_bytes_are_read_as_utf_8_with_or_without_a_mark(text: str) -> None:
    name = "queue.xml" if text is SHOP_XML else "queue.yaml"

    plain = queue_file.parse(text.encode(), file_name=name)
    marked = queue_file.parse(b"\xef\xbb\xbf" + text.encode(), file_name=name)

    assert plain == marked == queue_file.parse(text, file_name=name)


@pytest.mark.parametrize("text", ["queue:\n", "queue: []", "queue: ~", "application: shop"])
def test_a_file_may_declare_no_queue(text: str) -> None:
    assert () == parse_yaml(text).queues


def test_a_queue_with_a_name_only_is_a_push_queue_with_nothing_given() -> None:
    assert QueueDeclaration(line=2, name="q", mode="push") == one_queue()


def test_a_key_without_a_value_is_not_given() -> None:
    queue = one_queue("mode:", "rate: ~", "target: null", "retry_parameters:", "acl:")

    assert QueueDeclaration(line=2, name="q", mode="push") == queue


def test_an_empty_element_is_not_given() -> None:
    text = "<queue-entries><queue><name>q</name><rate/><acl></acl></queue></queue-entries>"

    assert (QueueDeclaration(line=1, name="q", mode="push"),) == parse_xml(text).queues


def test_a_name_that_looks_like_a_number_or_a_word_of_yaml_stays_a_name() -> None:
    text = "queue: [{name: 007}, {name: on}, {name: 2001-01-01}]"

    assert ["007", "on", "2001-01-01"] == [queue.name for queue in parse_yaml(text).queues]


@pytest.mark.parametrize(
    ("written", "per_second"),
    [
        ("0", 0),
        ("0/s", 0),
        ("0/d", 0),
        ("5/s", 5),
        ("0.5/s", 0.5),
        ("1./s", 1),
        ("30/m", 0.5),
        ("1800/h", 0.5),
        ("86400/d", 1),
        ("'5/s'", 5),
    ],
)
def test_a_rate_is_a_number_per_second_minute_hour_or_day(written: str, per_second: float) -> None:
    rate = one_queue(f"rate: {written}").rate

    assert rate is not None
    assert math.isclose(per_second, rate)


@pytest.mark.parametrize(
    ("written", "seconds"), [("1s", 1), ("1.5m", 90), ("2h", 7_200), ("2d", 172_800)]
)
def test_an_age_limit_is_a_number_with_its_unit(written: str, seconds: int) -> None:
    limit = one_queue("retry_parameters:", f"  task_age_limit: {written}").task_age_limit

    assert seconds == limit


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("0", 0),
        ("120", 120),
        ("120B", 120),
        ("1.5K", 1_536),
        ("120M", 120 * 2**20),
        ("2G", 2**31),
        ("1T", 2**40),
    ],
)
def test_a_storage_limit_steps_by_1024(written: str, size: int) -> None:
    assert size == parse_yaml(f"total_storage_limit: {written}").total_storage_limit


@pytest.mark.parametrize(
    ("written", "value"),
    [("True", True), ("yes", True), ("ON", True), ("false", False), ("No", False), ("off", False)],
)
def test_resume_paused_queues_takes_the_words_of_yaml(written: str, value: object) -> None:
    assert value is parse_yaml(f"resume_paused_queues: {written}").resume_paused_queues


@pytest.mark.parametrize(
    ("given", "shortest", "longest"),
    [
        ("min_backoff_seconds: 5", 5.0, None),
        ("min_backoff_seconds: 7200", 7_200.0, 7_200.0),
        ("max_backoff_seconds: 60", None, 60.0),
        ("max_backoff_seconds: 0.05", 0.05, 0.05),
        ("max_backoff_seconds: 0", 0.0, 0.0),
    ],
)
def test_one_backoff_moves_the_other_where_its_default_would_contradict(
    given: str, shortest: float | None, longest: float | None
) -> None:
    queue = one_queue("retry_parameters:", f"  {given}")

    assert (shortest, longest) == (queue.min_backoff_seconds, queue.max_backoff_seconds)


def test_an_e_mail_address_counts_once_whatever_its_case() -> None:
    queue = one_queue(
        "mode: pull",
        "acl:",
        "- user_email: A@example.com",
        "- user_email: a@EXAMPLE.com",
        "- writer_email: a@example.com",
    )

    assert ("a@example.com",) == queue.consumer_emails
    assert ("a@example.com",) == queue.producer_emails


def test_one_acl_entry_may_name_a_consumer_and_a_producer() -> None:
    entry = "- {user_email: in@example.com, writer_email: out@example.com}"

    queue = one_queue("mode: pull", "acl:", entry)

    assert ("in@example.com",) == queue.consumer_emails
    assert ("out@example.com",) == queue.producer_emails


def test_an_xml_name_space_on_the_root_is_no_fault() -> None:
    text = '<queue-entries xmlns="http://appengine.google.com/ns/queue/1.0"/>'

    assert () == parse_xml(text).queues


# What is said about a wrong file


def test_every_problem_is_told_at_once_in_the_order_of_lines() -> None:
    text = """\
        aplication: shop
        total_storage_limit: 5 apples
        queue:
        - name: my_queue
          rate: fast
        - mode: pull
          rate: 5/s
        - name: mail
          rat: 5/s
        - name: mail
        """

    size = "'5 apples' is not a size: write a number and B, K, M, G or T, such as 120M"
    rate = (
        "'fast' is not a rate: write a number, a slash and s, m, h or d, such as 5/s, or 0 to pause"
    )
    assert [
        (1, "'aplication' is not a key here: did you mean application?"),
        (2, f"total_storage_limit: {size}"),
        (
            4,
            "name: 'my_queue' is not a queue name: use 1 to 100 letters, digits and hyphens",
        ),
        (5, f"rate: {rate}"),
        (6, "this queue has no name: add one, such as name: my-queue"),
        (
            7,
            "rate is for push queues, and this is a pull queue: remove it, or set mode to push",
        ),
        (9, "'rat' is not a key here: did you mean rate?"),
        (10, "'mail' was declared in line 8: rename one"),
    ] == problems_of(text)


def test_the_message_names_file_and_line_as_compilers_do() -> None:
    with pytest.raises(Invalid) as refusal:
        queue_file.parse("queue:\n- name: a b\n", file_name="conf/queue.yaml")

    expected = (
        "conf/queue.yaml:2: name: 'a b' is not a queue name:"
        " use 1 to 100 letters, digits and hyphens"
    )
    assert expected == str(refusal.value)
    assert "invalid" == refusal.value.reason


def test_an_xml_file_is_corrected_in_its_own_spelling() -> None:
    text = """\
        <queue-entries>
          <queue>
            <name>q</name>
            <bucket_size>5</bucket_size>
            <max-concurrent-request>5</max-concurrent-request>
          </queue>
          <queue><mode>pull</mode><bucket-size>5</bucket-size></queue>
          <queue name="q2"/>
          <queue><name>a</name><acl>me@example.com</acl><mode>pull</mode></queue>
        </queue-entries>
        """

    push = "is for push queues, and this is a pull queue: remove it, or set mode to push"
    assert [
        (4, "'bucket_size' is not a key here: did you mean bucket-size?"),
        (
            5,
            "'max-concurrent-request' is not a key here: did you mean max-concurrent-requests?",
        ),
        (7, "this queue has no name: add one, such as <name>my-queue</name>"),
        (7, f"bucket-size {push}"),
        (8, "the attribute 'name' must be an element of its own"),
        (8, "this queue has no name: add one, such as <name>my-queue</name>"),
        (
            9,
            "acl must be a list of entries such as <user-email>worker@example.com</user-email>",
        ),
    ] == problems_of(text, "queue.xml")


@pytest.mark.parametrize(
    "line",
    [
        "rate: 5/s",
        "bucket_size: 5",
        "max_concurrent_requests: 5",
        "target: mailer",
        "retry_parameters: {task_age_limit: 1d}",
        "retry_parameters: {min_backoff_seconds: 1}",
        "retry_parameters: {max_backoff_seconds: 1}",
        "retry_parameters: {max_doublings: 1}",
    ],
)
def test_a_pull_queue_refuses_what_only_push_queues_have(line: str) -> None:
    assert "is for push queues" in problem_with("mode: pull", line)


def test_a_push_queue_refuses_an_acl() -> None:
    message = problem_with("acl: [{user_email: a@example.com}]")

    expected = "acl is for pull queues, and this is a push queue: remove it, or set mode to pull"
    assert expected == message


def test_a_wrong_mode_is_told_without_guessing_about_the_other_keys() -> None:
    text = "queue: [{name: q, mode: Pull, rate: 5/s, acl: [{user_email: a@example.com}]}]"

    assert (1, "mode: 'Pull' is not a mode: write pull or push") == the_problem(text)


@pytest.mark.parametrize("name", ["a_b", "a.b", "'a b'", "ä", "a" * 101, "a/b", '"a\\n"'])
def test_a_queue_name_has_letters_digits_and_hyphens(name: str) -> None:
    _, message = the_problem(f"queue: [{{name: {name}}}]")

    assert message.endswith("is not a queue name: use 1 to 100 letters, digits and hyphens")


@pytest.mark.parametrize(
    "rate", ["5", "5/", "/s", "5/w", "5 / s", "-1/s", "1e3/s", "5/ss", "5/S", "\u0665/s", "9" * 400]
)
def test_a_bad_rate_is_refused(rate: str) -> None:
    assert "is not a rate" in problem_with(f"rate: {rate}")


@pytest.mark.parametrize(
    "line",
    [
        "bucket_size: 0",
        "bucket_size: 501",
        "bucket_size: 5.0",
        "bucket_size: many",
        "bucket_size: 0x10",
        "max_concurrent_requests: 5001",
        "max_concurrent_requests: -1",
        f"max_concurrent_requests: {'9' * 5_000}",
    ],
)
def test_a_count_outside_its_range_is_refused(line: str) -> None:
    assert "is not in the range: write a whole number from 1 to" in problem_with(line)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("task_retry_limit: -1", "is not a count"),
        ("task_retry_limit: 2147483648", "is not a count"),
        ("max_doublings: 1.5", "is not a count"),
        ("task_age_limit: 5", "is not an age"),
        ("task_age_limit: 0d", "is not an age"),
        ("task_age_limit: 0.5s", "is not an age"),
        ("task_age_limit: 999999999d", "is not an age"),
        ("min_backoff_seconds: -1", "is not a number of seconds"),
        ("max_backoff_seconds: .inf", "is not a number of seconds"),
        ("max_backoff_seconds: 1s", "is not a number of seconds"),
        ("max_backoff_seconds: 1e999", "is not a number of seconds"),
    ],
)
def test_a_bad_retry_parameter_is_refused(line: str, said: str) -> None:
    assert said in problem_with("retry_parameters:", f"  {line}")


def test_the_longest_backoff_must_not_be_shorter_than_the_shortest() -> None:
    message = problem_with(
        "retry_parameters:", "  min_backoff_seconds: 10", "  max_backoff_seconds: 5"
    )

    assert "5 is less than min_backoff_seconds: it must be 10 or more" == message


@pytest.mark.parametrize("target", ["My-Service", "a.b.c", "-a", "a_b", "a" * 64])
def test_a_bad_target_is_refused(target: str) -> None:
    assert "is not a target" in problem_with(f"target: {target}")


@pytest.mark.parametrize("limit", ["120MB", "120m", "M", "-1", "1 M", "9000000T", "9" * 5_000])
def test_a_bad_storage_limit_is_refused(limit: str) -> None:
    _, message = the_problem(f"total_storage_limit: {limit}")

    assert "is not a size: write a number and B, K, M, G or T" in message


@pytest.mark.parametrize("word", ["maybe", "1", "y", "truee"])
def test_a_bad_yes_or_no_is_refused(word: str) -> None:
    _, message = the_problem(f"resume_paused_queues: {word}")

    assert message.endswith("is not a yes or no: write true or false")


@pytest.mark.parametrize("application", ["Shop", "a b", "s~", "a" * 101])
def test_a_bad_application_id_is_refused(application: str) -> None:
    _, message = the_problem(f"application: {application}")

    assert "is not an application id" in message


@pytest.mark.parametrize("email", ["me", "a@b@c", "a@", "'a b@c'", "'Me <me@example.com>'"])
def test_a_bad_e_mail_address_is_refused(email: str) -> None:
    message = problem_with("mode: pull", "acl:", f"- user_email: {email}")

    assert "is not an e-mail address" in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("queue: mail", "queue must be a list of entries such as - name: my-queue"),
        ("queue: {name: mail}", "queue must be a list of entries such as - name: my-queue"),
        ("application: [a]", "application must be one value, not a list or a map"),
        ("queue: [mail]", "a queue must be a map with the keys name, mode, rate,"),
        ("- name: mail", "the file must be a map with the keys application,"),
        ("[a]: b", "a key must be a word, not a list or a map"),
        ("queue: [{name: {a: b}}]", "name must be one value, not a list or a map"),
        ("queue: [{name: q, mode: pull, acl: {user_email: a@b.c}}]", "acl must be a list of"),
        ("queue: [{name: q, retry_parameters: 5}]", "retry_parameters must be a map with"),
        ("queue: [{name: q, name: r}]", "'name' was given in line 1 already: keep one"),
        ("queue: []\nqueue: []", "'queue' was given in line 1 already: keep one"),
        ("queue: [{name: q}, {name: q}]", "'q' was declared in line 1: rename one"),
        ("queue: [{name: &a q}, {name: *a}]", "an alias (*name) is not read here"),
        ("application: !!python/name:os.system x", "is not read here: remove it"),
        ("<<: {application: a}", "'<<' is not a key here"),
    ],
)
def test_a_wrong_shape_is_told(text: str, message: str) -> None:
    assert any(message in said for _, said in problems_of(text))


def test_a_key_unlike_any_other_gets_the_list_of_keys() -> None:
    expected = (
        "'zzz' is not a key here:"
        " use one of application, total_storage_limit, resume_paused_queues, queue"
    )
    assert (1, expected) == the_problem("zzz: 1")


def test_tabs_are_told_line_by_line() -> None:
    text = "queue:\n- name: a\n\tmode: pull\n- name: b\n\tmode: pull\n"

    tab = "a tab cannot indent YAML: use spaces"
    assert [(3, tab), (5, tab)] == problems_of(text)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("queue:\n- name: a\n mode: pull\n", 3),
        ("application: 'a\n", 2),
        ("application: a\n---\napplication: b\n", 2),
        ("queue: [\n", 2),
        ("a: b: c\n", 1),
    ],
)
def test_bad_yaml_is_told_with_its_line(text: str, line: int) -> None:
    found, message = the_problem(text)

    assert line == found
    assert message.startswith("this is not YAML: ")
    assert message.endswith("check indents, colons and quotes above")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("<queue-entries>\n<queue>\n</queue-entries>", 3, "this is not XML: mismatched tag"),
        ("<queue-entries>\n&unknown;</queue-entries>", 2, "this is not XML: undefined entity"),
        ("", 1, "this is not XML: no element found"),
        ("<queues/>", 1, "the root is <queues>: it must be <queue-entries>"),
        ("<queue-entries>\nhello<queue><name>q</name></queue></queue-entries>", 1, "'hello' must"),
        ("<!DOCTYPE q [<!ENTITY a 'b'>]>\n<queue-entries/>", 1, "remove the <!DOCTYPE"),
        ("\n<!DOCTYPE q SYSTEM 'file:///etc/passwd'>\n<queue-entries/>", 2, "remove the <!DOCT"),
    ],
)
def test_bad_xml_is_told_with_its_line(text: str, line: int, said: str) -> None:
    found, message = the_problem(text, "queue.xml")

    assert line == found
    assert said in message


def test_a_repeated_element_is_told() -> None:
    text = "<queue-entries><queue><name>a</name>\n<name>b</name></queue></queue-entries>"

    assert (2, "'name' was given in line 1 already: keep one") == the_problem(text, "queue.xml")


# What a hostile file costs


@pytest.mark.parametrize("file_name", ["queue.yaml", "queue.xml"])
def test_a_file_above_one_mebibyte_is_refused(file_name: str) -> None:
    _, message = the_problem(b"#" * (2**20 + 1), file_name)

    assert "the file is larger than 1048576 bytes" in message


def test_a_text_is_measured_in_bytes() -> None:
    _, message = the_problem("#" + "ä" * 2**19)

    assert "the file is larger than 1048576 bytes" in message


@pytest.mark.parametrize(
    ("text", "file_name"),
    [
        ("[" * 100_000, "queue.yaml"),
        ("- " * 100_000, "queue.yaml"),
        ("? " * 100_000, "queue.yaml"),
        ("<a>" * 100_000, "queue.xml"),
    ],
)
def test_deep_nesting_is_refused(text: str, file_name: str) -> None:
    _, message = the_problem(text, file_name)

    assert "nested deeper than any key of a queue" in message


def test_an_alias_bomb_is_refused_unexploded() -> None:
    rows = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]

    said = [message for _, message in problems_of("\n".join(["a0: &a0 lol", *rows]))]

    assert "an alias (*name) is not read here: write the value out" in said


def test_a_file_with_more_keys_than_any_project_has_is_refused() -> None:
    _, message = the_problem("queue:\n" + "- name: q\n" * 10_000)

    assert "the file has more than 20000 keys and values: shorten it" == message


@pytest.mark.parametrize(
    ("text", "file_name"),
    [
        ("a: 1\n" * 9_000, "queue.yaml"),
        (f"<queue-entries>{'<a/>' * 9_000}</queue-entries>", "q.xml"),
    ],
)
def test_at_most_a_hundred_problems_are_told(text: str, file_name: str) -> None:
    problems = problems_of(text, file_name)

    assert 100 == len(problems)
    assert problems[-1][1].endswith("(and the rest was not checked)")


def test_a_long_value_is_shown_by_its_beginning() -> None:
    assert len(problem_with(f"rate: {'x' * 100_000}")) < 200


@pytest.mark.parametrize("file_name", ["queue.yaml", "queue.xml"])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"ok\n\xff", "save the file as UTF-8"),
        ("queue.yaml".encode("utf-16"), "save the file as UTF-8"),
        ("\ud800", "half a surrogate pair"),
    ],
)
def test_what_is_not_text_is_refused(text: str | bytes, said: str, file_name: str) -> None:
    _, message = the_problem(text, file_name)

    assert said in message


@pytest.mark.parametrize("text", ["\x00", "a\x07b", "\x1b"])
def test_control_characters_are_refused(text: str) -> None:
    assert (1, "a control character is not text: remove it") == the_problem(text)


@given(st.text() | st.binary(), st.sampled_from(["queue.yaml", "queue.xml"]))
@example('"\\UFFFFFFFF"', "queue.yaml")
@example(f"%YAML {'9' * 5_000}.1\n---\n", "queue.yaml")
@example("%TAG ! %ff\n---\n", "queue.yaml")
@example("&a [*a]", "queue.yaml")
@example("? *a", "queue.yaml")
@example("<?xml version='1.0' encoding='utf-16'?><queue-entries/>", "queue.xml")
@example("<?xml version='1.0' encoding='rot13'?><queue-entries/>", "queue.xml")
def test_arbitrary_text_is_read_or_refused(text: str | bytes, file_name: str) -> None:
    parse_or_refuse(text, file_name)


_YAML_WORDS = "queue name acl retry_parameters rate : - [ ] { } , ? &a *a !! ! | > ' # % --- << \\x"
_YAML_PIECES = st.sampled_from([*_YAML_WORDS.split(" "), " ", "\n", "- ", '"', "\t"])
_XML_WORDS = "queue-entries queue name acl user-email"
_XML_PIECES = st.sampled_from(
    [form.format(name) for name in _XML_WORDS.split() for form in ("<{}>", "</{}>", "<{}/>")]
) | st.sampled_from(["a", "&lt;", "&a;", "<!--", "-->", "<![CDATA[", "]]>", "<?x ?>"])


@given(st.lists(_YAML_PIECES, max_size=40), st.lists(_XML_PIECES, max_size=40))
def test_text_of_the_right_words_is_read_or_refused(yaml: list[str], xml: list[str]) -> None:
    parse_or_refuse("".join(yaml), "queue.yaml")
    parse_or_refuse(f"<queue-entries>{''.join(xml)}</queue-entries>", "queue.xml")


def parse_or_refuse(text: str | bytes, file_name: str) -> None:
    problems: tuple[Problem, ...] = ()
    try:
        queue_file.parse(text, file_name=file_name)
    except QueueFileInvalid as refusal:
        problems = refusal.problems or (Problem(0, "refused without a problem"),)
    assert all(0 < problem.line <= len(text) + 1 for problem in problems)


# The same file in both forms

_NAMES = st.from_regex(r"[A-Za-z0-9-]{1,12}", fullmatch=True)
_EMAILS = st.sampled_from(["a@example.com", "B@Example.com", "b@example.com"])
_COUNTS = st.integers(0, 90).map(str)
_RETRY = {
    "task_retry_limit": _COUNTS,
    "task_age_limit": st.sampled_from(["1s", "1.5h", "2d"]),
    "min_backoff_seconds": st.sampled_from(["0", "0.5", "5000"]),
    "max_doublings": _COUNTS,
}
_PULL = st.fixed_dictionaries(
    {"name": _NAMES, "mode": st.just("pull")},
    optional={
        "acl": st.lists(st.tuples(st.sampled_from(["user_email", "writer_email"]), _EMAILS)),
        "retry_parameters": st.fixed_dictionaries({"task_retry_limit": _COUNTS}),
    },
)
_PUSH = st.fixed_dictionaries(
    {"name": _NAMES},
    optional={
        "mode": st.just("push"),
        "rate": st.sampled_from(["0", "5/s", "1.5/h"]),
        "bucket_size": st.integers(1, 500).map(str),
        "target": st.sampled_from(["web", "v1.web"]),
        "retry_parameters": st.fixed_dictionaries({}, optional=_RETRY),
    },
)
Member = str | dict[str, str] | list[tuple[str, str]]


@given(st.lists(_PULL | _PUSH, unique_by=lambda queue: str(queue["name"])))
def test_the_same_queues_are_declared_by_either_form(
    queues: list[dict[str, Member]],
) -> None:
    from_yaml = queue_file.parse(as_yaml(queues), file_name="queue.yaml")
    from_xml = queue_file.parse(as_xml(queues), file_name="queue.xml")

    assert without_lines(from_xml) == without_lines(from_yaml)
    assert [queue["name"] for queue in queues] == [queue.name for queue in from_yaml.queues]


def without_lines(parsed: QueueFile) -> list[QueueDeclaration]:
    return [replace(queue, line=0) for queue in parsed.queues]


def as_yaml(queues: list[dict[str, Member]]) -> str:
    return "queue:\n" + "".join(
        "- " + "\n  ".join(yaml_line(key, value) for key, value in queue.items()) + "\n"
        for queue in queues
    )


def yaml_line(key: str, value: Member) -> str:
    if isinstance(value, str):
        return f"{key}: '{value}'"
    if isinstance(value, dict):
        return f"{key}: {{{', '.join(f'{name}: {text}' for name, text in value.items())}}}"
    return f"{key}: [{', '.join(f'{{{name}: {text}}}' for name, text in value)}]"


def as_xml(queues: list[dict[str, Member]]) -> str:
    inner = "\n".join(element("queue", "".join(map(xml_member, queue.items()))) for queue in queues)
    return element("queue-entries", inner)


def xml_member(member: tuple[str, Member]) -> str:
    key, value = member
    if isinstance(value, str):
        return element(key, value)
    pairs = value.items() if isinstance(value, dict) else value
    return element(key, "".join(element(name, text) for name, text in pairs))


def element(key: str, content: str) -> str:
    dashed = key.replace("_", "-")
    return f"<{dashed}>{content}</{dashed}>"
