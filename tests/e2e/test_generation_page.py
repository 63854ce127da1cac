"""The Generation page in a browser: stopping, another token, going back by the tree."""

from urllib.parse import parse_qs


def branch(tab):
    return parse_qs(tab.query).get("branch", [""])[0]


def test_a_text_is_stopped_branched_and_found_again(new_page):
    tab = new_page().open("generation", new="200", branch=".")
    page = tab.page
    tab.main.get_by_role("button", name="Play").click()
    page.wait_for_function("document.querySelectorAll('.g-token').length > 4")
    tab.main.get_by_role("button", name="Stop").click()
    tab.settle()
    stopped = branch(tab)
    assert 4 < stopped.count(".") < 150  # it did not go on to the end
    tokens = page.locator(".generation .g-text button.g-token:not(.coming)")
    assert tokens.count() == stopped.count(".")

    tokens.nth(1).click()  # what else could have come there
    taken = page.locator(".option.taken").inner_text().split("\n")[1]
    other = page.locator(".option:not(.taken)").first
    assert other.inner_text().split("\n")[0] != taken
    other.click()
    tab.settle()
    assert branch(tab).count("~") == 1 and tokens.count() == 2  # branched off, with the token chosen by hand

    page.locator(".tree .stretch").filter(has_not=page.locator(".forced")).last.locator("button").last.click()
    tab.settle()
    assert branch(tab).startswith(stopped)  # the other branch is still there
    page.go_back()
    tab.settle()
    assert branch(tab).count("~") == 1
    assert not tab.error_boxes()
