"""Click-jacking: no site shows a page of the console in a frame, whatever the page says."""

from playwright.sync_api import Page

from tests.browser import NewPage, PageErrors
from tests.people.console.attacks.browsing import Answer, PlainBrowser
from tests.people.console.attacks.conftest import World
from tests.people.console.attacks.test_cross_site_forms import ELSEWHERE
from tests.people.console.attacks.world import at, every_page
from tests.people.visitor import Visitor

# A site that lays its own button below ours, which nobody sees.
FRAMES = """async (urls) => {
  for (const url of urls) {
    const frame = document.createElement('iframe');
    const shown = new Promise((resolve) => { frame.onload = resolve; });
    frame.style.opacity = '0.01';
    frame.src = url;
    document.body.append(frame);
    await shown;
  }
}"""
OTHER_FRAMES = """async (urls) => {
  for (const url of urls) for (const tag of ['object', 'embed']) {
    const frame = document.createElement(tag);
    const shown = new Promise((resolve) => { frame.onload = frame.onerror = resolve; });
    frame[tag === 'object' ? 'data' : 'src'] = url;
    document.body.append(frame);
    await shown;
  }
}"""


def cannot_be_framed(answer: Answer) -> bool:
    """By browsers of today, and by those that know the older header alone."""
    policy = answer.headers.get("Content-Security-Policy", "")
    directives = [directive.strip() for directive in policy.split(";")]
    return (
        "frame-ancestors 'none'" in directives
        and answer.headers.get_all("X-Frame-Options") == ["DENY"]
        and answer.headers.get("X-Content-Type-Options") == "nosniff"
    )


def shows_something(answer: Answer) -> bool:
    """A redirect has nothing to be framed."""
    return answer.status not in range(300, 400)


def refused(answers: dict[str, Answer]) -> list[str]:
    """Which of them a frame could show."""
    return [
        name
        for name, answer in answers.items()
        if shows_something(answer) and not cannot_be_framed(answer)
    ]


def test_no_page_of_a_project_can_be_framed(world: World) -> None:
    answers = {}
    for page in every_page():
        path = at(world.ours, page)
        answers[f"GET {page.path}"] = world.ada.get(path)
        answers[f"HEAD {page.path}"] = world.ada.send("HEAD", path)
        answers[f"PUT {page.path}"] = world.ada.send("PUT", path)
        answers[f"live {page.path}"] = world.ada.get(path, HX_Request="true")

    assert [] == refused(answers)


def test_no_answer_to_a_form_can_be_framed(fresh: World) -> None:
    """Whether it was refused for where it came from, or for what is in it, or done."""
    sent = fresh.forms()
    answers = {}
    for page in every_page():
        if page.act and not page.path.startswith("settings/"):
            path = at(fresh.ours, page)
            bad = [(name, "\0") for name, _ in sent[page.path]]
            answers[f"foreign {page.path}"] = fresh.ada.post(path, (), ELSEWHERE["another site"])
            answers[f"bad {page.path}"] = fresh.ada.post(path, bad)
    for page in every_page():
        if page.act and not page.path.startswith("settings/"):
            answers[f"good {page.path}"] = fresh.ada.post(at(fresh.ours, page), sent[page.path])

    assert [] == refused(answers)


def test_no_page_beside_the_projects_can_be_framed(world: World) -> None:
    with PlainBrowser(world.site.url, session="") as nobodys:
        answers = {
            path: world.ada.get(path)
            for path in (
                "/console",
                "/console?search=x&page=MA",
                "/console?page=no-token",
                "/console/new",
                "/console/missing/overview",
                f"/console/{world.theirs.project}/overview",
                "/console/photo-shop/no-such-page",
                "/console/photo-shop/queues/missing",
                "/console/",
                "/account/access",
                "/account/security",
                "/logos/photo-shop",
                "/signin?reason=again",
            )
        }
        answers["signed out"] = nobodys.get("/console", HX_Request="true")
        answers["signed out, live"] = nobodys.get("/console/photo-shop/queues", HX_Request="true")
        answers["sign in"] = nobodys.get("/signin?continue=/console")
        answers["a form that is too long"] = world.ada.post("/console/new", {"id": "x" * 70_000})
        answers["a bad name"] = world.ada.post("/console/new", {"id": "NO"})
        answers["a foreign form"] = world.ada.post("/console/new", (), ELSEWHERE["another site"])

    assert [] == refused(answers)


def test_another_site_gets_nothing_into_a_frame(
    world: World, new_page: NewPage, page_errors: PageErrors, shop_url: str
) -> None:
    ada = Visitor(new_page(), world.site)
    ada.has_signed_in()
    start = f"{world.site.url}/console/{world.ours.project}"
    urls = [
        f"{start}/settings/delete",
        f"{start}/queues/{world.ours.queue}/purge",
        f"{start}/clients/{world.ours.client}/delete",
        f"{start}/billing/csv",
        f"{world.site.url}/console",
    ]
    ada.opens(urls[0])
    ada.sees("Delete the project")  # it is there, and so is her session
    ada.opens(f"{shop_url}/callback")

    ada.page.evaluate(FRAMES, urls)

    page_errors.expect("frame")
    assert len(urls) == len(ada.page.frames) - 1
    assert [] == shown(ada.page)
    ada.page.evaluate(OTHER_FRAMES, urls[:3])
    page_errors.expect("frame")
    assert [] == shown(ada.page)


def shown(page: Page) -> list[str]:
    """The frames in which there is anything of ours."""
    words = ("photo-shop", "Delete", "Purge", "Leasehold")
    return [frame.url for frame in page.frames[1:] if any(w in frame.content() for w in words)]
