"""What other sites, and other people at the same browser, cannot do to somebody signed in."""

from leasehold.accounts import users
from leasehold.entropy import Entropy
from leasehold.storage.transaction import Transaction
from tests.browser import PageErrors
from tests.people.application import Shop
from tests.people.visitor import PASSWORD_HASH, SECURITY, Visitor
from tests.web.consenting import TASKQUEUE

MALLORY = "mallory@example.com"
COOKIE = "leasehold-session"

_SEND_FORM = """([url, fields]) => {
  const form = document.createElement('form');
  form.method = 'post';
  form.action = url;
  for (const [name, value] of Object.entries(fields)) {
    const input = document.createElement('input');
    [input.name, input.value] = [name, value];
    form.append(input);
  }
  document.body.append(form);
  form.submit();
}"""

_FRAME = """(url) => new Promise((resolve) => {
  const frame = document.createElement('iframe');
  frame.onload = resolve;
  frame.src = url;
  document.body.append(frame);
})"""


def session_cookie(visitor: Visitor) -> str:
    (value,) = [c["value"] for c in visitor.page.context.cookies() if c["name"] == COOKIE]
    return str(value)


def add_mallory(tx: Transaction, now: int) -> None:
    users.create(tx, now, Entropy(), email=MALLORY, password_hash=PASSWORD_HASH)


def test_a_form_of_another_site_signs_nobody_out(ada: Visitor, shop_url: str) -> None:
    ada.has_signed_in()
    ada.opens(f"{shop_url}/callback")

    ada.page.evaluate(_SEND_FORM, [f"{ada.site.url}/signout", {}])

    ada.sees("This form was not sent from a page of this site.")
    assert ada.is_signed_in()


def test_a_form_of_another_site_answers_no_consent_screen(
    ada: Visitor, shop: Shop, shop_url: str
) -> None:
    ada.has_signed_in()
    ada.opens(shop.url())
    request = ada.page.locator("input[name=request]").input_value()
    ada.opens(f"{shop_url}/callback")

    fields = {"request": request, "answer": "allow", "scope": TASKQUEUE}
    ada.page.evaluate(_SEND_FORM, [f"{ada.site.url}/o/oauth2/consent", fields])

    ada.sees("This form was not sent from a page of this site.")
    ada.opens("/account/access")
    ada.sees("No application has access to your account.")


def test_no_site_shows_our_pages_in_a_frame(
    ada: Visitor, shop: Shop, shop_url: str, page_errors: PageErrors
) -> None:
    ada.has_signed_in()
    ada.opens(f"{shop_url}/callback")

    ada.page.evaluate(_FRAME, shop.url())

    page_errors.expect("frame")
    assert all("asks for access" not in frame.content() for frame in ada.page.frames)


def test_no_script_reads_the_cookies(ada: Visitor) -> None:
    ada.signs_in()
    ada.opens(SECURITY)

    assert "" == ada.page.evaluate("document.cookie")
    assert session_cookie(ada)


def test_a_session_that_was_there_before_is_not_the_one_that_signs_in(
    ada: Visitor, stranger: Visitor
) -> None:
    ada.site.do(add_mallory)
    stranger.has_signed_in(email=MALLORY)
    planted = session_cookie(stranger)
    ada.page.context.add_cookies([{"name": COOKIE, "value": planted, "url": ada.site.url}])

    ada.opens("/signin?reason=switch")
    ada.gives_password()
    ada.is_at("/account/access")

    assert planted != session_cookie(ada)
    assert not stranger.is_signed_in()


def test_a_link_to_sign_in_leads_to_no_other_site(ada: Visitor, shop_url: str) -> None:
    ada.opens(f"/signin?continue={shop_url}/callback")

    ada.sees("This link wants to send you to another site")
    assert ada.page.url.startswith(ada.site.url)


def test_no_page_of_ours_runs_a_script_that_somebody_put_into_it(
    ada: Visitor, page_errors: PageErrors
) -> None:
    ada.opens("/signin")

    run = """() => {
      const script = document.createElement('script');
      script.textContent = 'window.ran = true';
      document.body.append(script);
      return Boolean(window.ran);
    }"""

    assert not ada.page.evaluate(run)
    page_errors.expect("Content Security Policy")
