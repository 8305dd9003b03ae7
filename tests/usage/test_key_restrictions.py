"""Restrictions of API keys: what may be said, what it allows, and what does not get around it."""

import ipaddress
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leasehold.errors import Forbidden, Invalid
from leasehold.usage import key_restrictions
from leasehold.usage.key_restrictions import KeyRefused, checked

KEY = "lhk_Zm9v"

addresses = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6))
networks = st.builds(
    lambda address, bits: ipaddress.ip_network(
        f"{address}/{bits % (address.max_prefixlen + 1)}", strict=False
    ),
    addresses,
    st.integers(0, 128),
)
labels = st.from_regex(r"\A[a-z0-9]{1,8}\Z")


def refusal(
    *,
    address: str = "203.0.113.9",
    referrer: str | None = None,
    api: str = "taskqueue",
    queue: str | None = "shop/resize",
    **lists: tuple[str, ...],
) -> KeyRefused | None:
    """Of a key with these lists."""
    return key_restrictions.refusal(
        checked(**lists), address=address, referrer=referrer, api=api, queue=queue
    )


def allows_address(network: str, address: str) -> bool:
    return refusal(addresses=(network,), address=address) is None


def allows_referrer(pattern: str, referrer: str | None) -> bool:
    return refusal(referrers=(pattern,), referrer=referrer) is None


def test_a_key_without_restrictions_is_allowed_everything() -> None:
    assert refusal(address="unknown", queue=None) is None


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("203.0.113.9", "203.0.113.9/32"),
        ("203.0.113.0/24", "203.0.113.0/24"),
        ("2001:DB8:0::/32", "2001:db8::/32"),
        ("::1", "::1/128"),
        ("::ffff:10.1.2.3", "10.1.2.3/32"),
        ("::ffff:a00:0/104", "10.0.0.0/8"),
        ("0.0.0.0/0", "0.0.0.0/0"),
    ],
)
def test_addresses_have_one_spelling(text: str, canonical: str) -> None:
    assert (canonical,) == checked(addresses=[text, canonical, text]).addresses


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("10.0.0.5/8", "the range is 10.0.0.0/8, the address alone is 10.0.0.5"),
        ("2001:db8::1/32", "bits set after its prefix"),
        *[
            (text, "is no address")
            for text in (
                "",
                "unknown",
                "10.0.0.0/33",
                "10.0.0.0/-1",
                "10.0.0.0/255.0.0.0",
                "10.0.0.0/0.0.0.255",
                "10.0.0",
                "010.0.0.1",
                "fe80::1%eth0",
                "1",
                " 10.0.0.1",
                "10.0.0.1\n",
                "10.0.0.1/",
                "\u0661\u0660.0.0.1",
                "1" * 10_000,
            )
        ],
    ],
)
def test_what_is_no_range_is_refused_with_what_would_do(text: str, why: str) -> None:
    with pytest.raises(Invalid, match=why) as refused:
        checked(addresses=[text])

    assert "addresses" == refused.value.field
    assert len(refused.value.message) < 300


@pytest.mark.parametrize(
    ("network", "address", "is_allowed"),
    [
        ("203.0.113.0/24", "203.0.113.255", True),
        ("203.0.113.0/24", "203.0.114.0", False),
        ("203.0.113.0/24", "::ffff:203.0.113.9", True),
        ("203.0.113.0/24", "::ffff:cb00:7109", True),
        ("203.0.113.0/24", "::203.0.113.9", False),
        ("::ffff:203.0.113.0/120", "203.0.113.9", True),
        ("::/0", "203.0.113.9", False),
        ("::/0", "::ffff:203.0.113.9", False),
        ("0.0.0.0/0", "2001:db8::1", False),
        ("2001:db8::/32", "2001:db8:ffff::", True),
        ("2001:db8::/32", "2001:db9::", False),
        *[
            ("0.0.0.0/0", text, False)
            for text in ("unknown", "", "1", "0x7f.1", "10.0.0.1, 10.0.0.2", "10.0.0.1\0", "\udcff")
        ],
        *[("::/0", text, False) for text in ("unknown", ":", "[::1]", "fe80::1%eth0", "::1\0")],
    ],
)
def test_an_address_is_compared_as_a_number(network: str, address: str, is_allowed: bool) -> None:  # noqa: FBT001  # pytest gives it
    assert is_allowed is allows_address(network, address)


@given(st.lists(networks, min_size=1, max_size=8), addresses)
def test_ranges_include_what_one_of_their_networks_does(
    found: list[ipaddress.IPv4Network | ipaddress.IPv6Network],
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    restrictions = checked(addresses=map(str, found))
    mapped = getattr(address, "ipv4_mapped", None)

    for one in (address, found[0].network_address, found[-1].broadcast_address):
        is_inside = any((mapped if one is address and mapped else one) in net for net in found)
        if getattr(one, "ipv4_mapped", None) is None:
            assert is_inside is restrictions.allow_address(str(one))


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("https://example.com/*", "https://example.com/*"),
        ("HTTPS://Example.COM:443/*", "https://example.com/*"),
        ("http://example.com:443/*", "http://example.com:443/*"),
        ("example.com:443/*", "example.com:443/*"),
        ("*.Example.com/App/*", "*.example.com/App/*"),
        ("http://localhost:8000/*", "http://localhost:8000/*"),
        ("http://127.0.0.1/page.html", "http://127.0.0.1/page.html"),
        ("http://[::1]:8000/*", "http://[::1]:8000/*"),
        ("xn--bcher-kva.example/*", "xn--bcher-kva.example/*"),
    ],
)
def test_referrer_patterns_have_one_spelling(text: str, canonical: str) -> None:
    assert (canonical,) == checked(referrers=[text, canonical]).referrers


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("example.com", r"example\.com/\* is all of that host"),
        ("https://example.com", "is all of that host"),
        ("*", r"a \* stands only at the end"),
        ("", r"a \* stands only at the end"),
        ("*/*", r"a \* stands only at the end"),
        ("https://*/*", r"a \* stands only at the end"),
        ("https://exam*.com/*", r"a \* stands only at the end"),
        ("https://example.com/*/x", r"a \* stands only at the end"),
        ("https://example.com/**", r"a \* stands only at the end"),
        ("*.com/*", "a domain of two parts"),
        ("*.1.2.3.4/*", "a domain of two parts"),
        ("*.[::1]/*", "a domain of two parts"),
        ("https://example.com/?x=*", "leave out what comes after the path"),
        ("https://example.com/#*", "leave out what comes after the path"),
        ("https://ada@example.com/*", "no user name"),
        ("https://example.com\\@evil.com/*", "no user name and no backslash"),
        ("https://bücher.example/*", "as browsers send them"),
        ("https://example.com/ä", "as browsers send them"),
        ("https://example.com./*", "no host's name"),
        ("https://.example.com/*", "no host's name"),
        ("https://a..example.com/*", "no host's name"),
        ("https://-a.example.com/*", "no host's name"),
        ("https://0x7f.1/*", "no host's name"),
        ("https://2130706433/*", "no host's name"),
        ("https://[::0001]/*", "no host's name"),
        ("https://" + "a" * 64 + ".com/*", "no host's name"),
        ("https://example.com:99999/*", "at most 65535"),
        ("https://example.com:0/*", "must be like"),
        ("https://example.com:/*", "must be like"),
        ("ftp://example.com/*", "must be like"),
        ("javascript://example.com/*", "must be like"),
        ("https://example.com/a b", "must be like"),
        ("https://example.com/\n", "must be like"),
        ("https://example.com/a/../*", r"segments \. and \.\."),
        ("https://example.com/%2e%2E/*", r"segments \. and \.\."),
        ("a" * 600 + "/*", "more than 512 characters"),
    ],
)
def test_what_is_no_referrer_pattern_is_refused_with_what_would_do(text: str, why: str) -> None:
    with pytest.raises(Invalid, match=why) as refused:
        checked(referrers=[text])

    assert "referrers" == refused.value.field


@pytest.mark.parametrize(
    ("pattern", "referrer"),
    [
        ("https://example.com/*", "https://example.com/"),
        ("https://example.com/*", "https://example.com"),
        ("https://example.com/*", "https://example.com?x"),
        ("https://example.com/*", "https://example.com/a/b?q=https://evil.com/"),
        ("https://example.com/*", "https://EXAMPLE.com:443/"),
        ("example.com/*", "http://example.com/"),
        ("example.com/*", "https://example.com/"),
        ("example.com:8000/*", "http://example.com:8000/"),
        ("https://example.com/app/*", "https://example.com/app/"),
        ("https://example.com/app*", "https://example.com/apple"),
        ("https://example.com/page.html", "https://example.com/page.html?x=1"),
        ("*.example.com/*", "https://a.b.example.com/x"),
        ("http://[::1]:8000/*", "http://[::1]:8000/x"),
        ("https://example.com/*", "https://example.com/.well-known/x..y/..."),
    ],
)
def test_a_page_is_allowed_when_its_parts_are_the_patterns(pattern: str, referrer: str) -> None:
    assert allows_referrer(pattern, referrer)


@pytest.mark.parametrize(
    "referrer",
    [
        None,
        "",
        "null",
        "about:blank",
        "example.com/",
        "//example.com/",
        "https:example.com/",
        "https:/example.com/",
        "https:///example.com/",
        "http://example.com/",
        "https://example.com:80/",
        "https://example.com:8443/",
        "https://example.com:/",
        "https://example.com:0443/",
        "http://example.com:443/",
        "ftp://example.com/",
        "https://evil.com/?https://example.com/",
        "https://evil.com/https://example.com/",
        "https://evil.com/#https://example.com/",
        "https://evil.com#https://example.com/",
        "https://evil.com?.example.com/",
        "https://example.com@evil.com/",
        "https://example.com:x@evil.com/",
        "https://evil.com@example.com/",
        "https://example.com.evil.com/",
        "https://example.com.evil.com",
        "https://evilexample.com/",
        "https://example.comevil/",
        "https://example.com-evil.com/",
        "https://sub.example.com/",
        "https://.example.com/",
        "https://example.com./",
        "https://example..com/",
        "https://example.com\\@evil.com/",
        "https://evil.com\\@example.com/",
        "https://evil.com\\.example.com/",
        "https:\\\\example.com\\",
        "https://example.com\\",
        "https://example%2ecom/",
        "https://ex\u00e4mple.com/",
        "https://example\u3002com/",
        "https://examp\u017fe.com/",
        "https://example.com\u212a/",
        "https://exa mple.com/",
        " https://example.com/",
        "https://example.com/\n",
        "https://example.com/\r\nX: y",
        "https://example.com/\0",
        "https://example.com/\udcff",
        "https://example.com/, https://example.com/",
        "https://example.com/../",
        "https://example.com/x/%2e%2E/y",
        "https://example.com/#x",
        "https://example.com/" + "x" * 9_000,
        "https://" + "a" * 50_000,
        "https://" + "a." * 4_000 + "com/",
    ],
)
def test_tricks_with_the_referrer_get_around_nothing(referrer: str | None) -> None:
    refused = refusal(referrers=("https://example.com/*",), referrer=referrer)

    assert refused is not None
    assert "ipRefererBlocked" == refused.reason


@pytest.mark.parametrize(
    ("pattern", "referrer"),
    [
        ("*.example.com/*", "https://example.com/"),
        ("*.example.com/*", "https://.example.com/"),
        ("*.example.com/*", "https://a..example.com/"),
        ("*.example.com/*", "https://a.example.com./"),
        ("*.example.com/*", "https://a.example.com.evil.com/"),
        ("*.example.com/*", "https://aexample.com/"),
        ("*.example.com/*", "https://evil.com/a.example.com/"),
        ("*.example.com/*", "http://a.example.com:443/"),
        ("example.com/*", "http://example.com:443/"),
        ("example.com:8000/*", "http://example.com/"),
        ("https://example.com/app/*", "https://example.com/App/"),
        ("https://example.com/app/*", "https://example.com/app"),
        ("https://example.com/app/*", "https://example.com/app/../admin"),
        ("https://example.com/app/*", "https://example.com/?/app/"),
        ("https://example.com/page", "https://example.com/page/"),
        ("https://example.com/page", "https://example.com/pages"),
        ("http://127.0.0.1/*", "http://0x7f.1/"),
        ("http://127.0.0.1/*", "http://2130706433/"),
        ("http://[::1]/*", "http://[0:0::1]/"),
    ],
)
def test_a_page_is_refused_when_a_part_of_it_is_another(pattern: str, referrer: str) -> None:
    assert not allows_referrer(pattern, referrer)


@given(
    st.sampled_from(["https://example.com/*", "*.example.com/*", "example.com/*"]),
    st.text(st.sampled_from("exampl.com:/@\\?#*%2eEvi-_[]"), max_size=30),
)
def test_whatever_stands_in_a_referrer_only_its_host_counts(pattern: str, rest: str) -> None:
    for referrer in (
        f"https://{rest}",
        f"https://example.com{rest}",
        f"https://{rest}example.com/",
    ):
        if allows_referrer(pattern, referrer):
            host = urlsplit(referrer).hostname or ""
            assert host == "example.com" or host.endswith(".example.com")
            assert urlsplit(referrer).username is None


@given(st.lists(labels, min_size=1, max_size=3), st.lists(labels, max_size=2))
def test_a_star_before_a_domain_is_any_subdomain_and_never_the_domain(
    below: list[str], path: list[str]
) -> None:
    end = "/".join(["", *path])

    assert allows_referrer("*.example.com/*", f"https://{'.'.join(below)}.example.com{end}")
    assert not allows_referrer("*.example.com/*", f"https://example.com{end}")


def test_one_of_several_patterns_of_a_host_is_enough() -> None:
    patterns = ("https://example.com/a/*", "http://example.com/b/*", "*.example.com/*", "a.com/*")

    allowed = [
        f"{scheme}://{host}/{path}/x"
        for scheme in ("http", "https")
        for host in ("example.com", "www.example.com")
        for path in "abc"
        if refusal(referrers=patterns, referrer=f"{scheme}://{host}/{path}/x") is None
    ]

    assert {"https://example.com/a/x", "http://example.com/b/x"} < set(allowed)
    assert 8 == len(allowed)


@pytest.mark.parametrize(
    ("queue", "is_allowed"),
    [("shop/resize", True), ("shop/resize2", False), ("mill/resize", False), (None, False)],
)
def test_a_list_of_queues_allows_these_and_nothing_that_is_about_no_queue(
    queue: str | None,
    is_allowed: bool,  # noqa: FBT001  # pytest gives it
) -> None:
    refused = refusal(queues=("shop/resize", "example.com:app/q"), queue=queue)

    assert is_allowed is (refused is None)
    assert refused is None or "forbidden" == refused.reason


def test_a_list_of_apis_allows_these_alone() -> None:
    assert refusal(apis=("taskqueue",), api="taskqueue") is None
    refused = refusal(apis=("taskqueue",), api="leasehold")
    assert refused is not None
    assert "accessNotConfigured" == refused.reason
    assert isinstance(refused, Forbidden)


@pytest.mark.parametrize(
    "queue", ["", "resize", "shop/", "/resize", "Shop/resize", "shop/a b", "shop/*", "a/b/c"]
)
def test_what_is_no_queue_is_refused(queue: str) -> None:
    with pytest.raises(Invalid, match="is no queue: write PROJECT/QUEUE"):
        checked(queues=[queue])


def test_a_queues_project_has_its_canonical_id() -> None:
    assert ("shop/resize",) == checked(queues=["s~shop/resize", "shop/resize"]).queues


def test_addresses_and_referrers_exclude_each_other() -> None:
    with pytest.raises(Invalid, match="not to both"):
        checked(addresses=["::1"], referrers=["example.com/*"])


@pytest.mark.parametrize("kind", ["addresses", "referrers", "queues"])
def test_each_list_has_an_end(kind: str) -> None:
    texts = {"addresses": "10.0.{}.1", "referrers": "a{}.example.com/*", "queues": "shop/q{}"}
    some = [texts[kind].format(number) for number in range(100)]

    assert 100 == len(getattr(checked(**{kind: [*some, *some]}), kind))
    with pytest.raises(Invalid, match=f"a key has at most 100 {kind}"):
        checked(**{kind: [*some, texts[kind].format(100)]})


def test_an_unknown_api_is_refused_with_the_known_ones() -> None:
    with pytest.raises(Invalid, match="taskqueue, leasehold"):
        checked(apis=["mail"])


def test_a_refusal_says_which_restriction_it_is() -> None:
    messages = [
        str(refused)
        for refused in (
            refusal(addresses=("::1",)),
            refusal(referrers=("example.com/*",)),
            refusal(referrers=("example.com/*",), referrer=f"https://evil.com/?key={KEY}"),
            refusal(apis=("leasehold",)),
            refusal(queues=("shop/other",)),
            refusal(queues=("shop/other",), queue=None),
        )
    ]

    assert messages == [
        "the API key may not be used from 203.0.113.9: its addresses do not include it",
        "the API key may not be used without a Referer header: it is for certain pages only",
        (
            "the API key may not be used from this page (the Referer header): its referrers do not"
            " include it"
        ),
        "the API key may not be used for the API taskqueue: its APIs do not include it",
        "the API key may not be used on queue shop/resize: its queues do not include it",
        "the API key may not be used for what is about no queue: its queues do not include it",
    ]


def test_public_documents_ask_for_the_caller_alone() -> None:
    restrictions = checked(addresses=["::1"], apis=["leasehold"], queues=["shop/resize"])

    asked = [
        key_restrictions.refusal_of_caller(restrictions, address=address, referrer=None)
        for address in ("::1", "::2")
    ]

    assert asked[0] is None
    assert isinstance(asked[1], KeyRefused)


@given(st.sampled_from(["addresses", "referrers", "apis", "queues"]), st.text(max_size=60))
def test_any_text_is_refused_or_has_a_spelling_that_stays(kind: str, text: str) -> None:
    try:
        restrictions = checked(**{kind: [text]})
    except Invalid:
        return

    assert restrictions == checked(**{kind: getattr(restrictions, kind)})
