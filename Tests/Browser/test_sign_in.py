"""Signing in with a name and a password, and out again, here or everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.gateway import Gateway
from harness.openid_provider import Provider, openid_options
from harness.pages import assert_axe_clean
from harness.redis_server import free_port
from harness.stack import Stack, unique
from playwright.sync_api import Browser, BrowserContext, Page, expect

PASSWORD = unique('correct horse')


@pytest.fixture(scope='module')
def user(stack: Stack) -> str:
    """The name of an operator."""
    gateway = stack.running_gateway
    name = unique('ada')
    options = ('--role', 'operator', '--password-stdin')
    done = gateway.cli('user', 'add', '--data', str(gateway.data), name, *options, given=f'{PASSWORD}\n')
    assert done.returncode == 0, done.stderr
    return name


def sign_in(page: Page, stack: Stack, name: str) -> None:
    """With the keyboard alone."""
    page.goto(stack.running_gateway.base_url)
    page.get_by_test_id('sign-in-name').focus()
    page.keyboard.type(name)
    page.keyboard.press('Tab')
    page.keyboard.type(PASSWORD)
    page.keyboard.press('Enter')
    expect(page.get_by_test_id('status-who')).to_contain_text(name)
    expect(page.get_by_test_id('status-connection')).to_contain_text(re.compile('live|connected', re.IGNORECASE))


def test_what_is_wrong_is_said_and_the_page_stays_axe_clean(context: BrowserContext, stack: Stack, user: str) -> None:
    page = context.new_page()
    page.goto(stack.running_gateway.base_url)
    page.get_by_test_id('sign-in-go').click()
    expect(page.locator('#password-problem')).to_have_text('Enter your name and your password.')
    expect(page.get_by_test_id('sign-in-name')).to_be_focused()
    page.get_by_test_id('sign-in-name').fill(user)
    page.get_by_test_id('sign-in-password').fill('wrong horse battery')
    page.get_by_test_id('sign-in-go').click()

    expect(page.locator('#password-problem')).to_have_text('No user has this name and this password.')
    expect(page.get_by_test_id('sign-in-password')).to_have_value('')
    expect(page.get_by_test_id('sign-in-password')).to_be_focused()
    assert_axe_clean(page)
    page.set_viewport_size({'width': 320, 'height': 640})
    assert page.evaluate('document.documentElement.scrollWidth') <= 321


def test_sign_out_everywhere_ends_the_other_browsers_page_too(
    context: BrowserContext, browser: Browser, stack: Stack, user: str
) -> None:
    here = context.new_page()
    sign_in(here, stack, user)
    elsewhere = browser.new_context()
    other = elsewhere.new_page()
    sign_in(other, stack, user)

    here.get_by_test_id('sign-out').click()
    expect(here.get_by_test_id('dialog-sign-out')).to_be_visible()
    assert_axe_clean(here)
    here.get_by_test_id('sign-out-everywhere').click()

    expect(here.get_by_test_id('sign-in')).to_be_visible()
    expect(other.get_by_test_id('sign-in')).to_be_visible(timeout=20_000)
    elsewhere.close()


def test_sign_out_here_leaves_the_other_browser_alone(context: BrowserContext, browser: Browser, stack: Stack, user: str) -> None:
    here = context.new_page()
    sign_in(here, stack, user)
    elsewhere = browser.new_context()
    other = elsewhere.new_page()
    sign_in(other, stack, user)

    here.get_by_test_id('sign-out').click()
    here.keyboard.press('Enter')

    expect(here.get_by_test_id('sign-in')).to_be_visible()
    other.reload()
    expect(other.get_by_test_id('status-who')).to_contain_text(user)
    elsewhere.close()


def test_the_code_of_a_second_factor_is_asked_for(context: BrowserContext, stack: Stack) -> None:
    gateway = stack.running_gateway
    name = unique('eve')
    given = f'{PASSWORD}\n'
    made = gateway.cli('user', 'add', '--data', str(gateway.data), name, '--role', 'viewer', '--password-stdin', given=given)
    assert made.returncode == 0, made.stderr
    assert gateway.cli('user', 'totp', '--data', str(gateway.data), name).returncode == 0
    page = context.new_page()
    page.goto(gateway.base_url)
    expect(page.get_by_test_id('sign-in-totp')).to_be_hidden()
    page.get_by_test_id('sign-in-name').fill(name)
    page.get_by_test_id('sign-in-password').fill(PASSWORD)
    page.keyboard.press('Enter')

    expect(page.get_by_test_id('sign-in-totp')).to_be_focused()
    expect(page.locator('#password-problem')).to_have_text('Enter the code that your app shows now.')
    assert_axe_clean(page)
    page.keyboard.type('x')
    page.keyboard.press('Enter')
    expect(page.locator('#password-problem')).to_contain_text('This code is not right')


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    provider = Provider(tmp_path / 'provider').start()
    yield provider
    provider.stop()


def test_a_provider_lets_somebody_in_and_what_it_refuses_is_said(
    context: BrowserContext, stack: Stack, provider: Provider, tmp_path: Path
) -> None:
    port = free_port()
    options = openid_options(provider, tmp_path, '@example.com=operator', port)
    gateway = Gateway(stack.broker, tmp_path, listen=f'127.0.0.1:{port}', options=options).launch().wait_listening()
    try:
        page = context.new_page()
        page.goto(gateway.base_url)
        provider.claims = {'sub': '1', 'email': 'eve@elsewhere.example', 'email_verified': True}
        page.get_by_role('link', name='Sign in with Our Login').click()
        expect(page.locator('#openid-problem')).to_contain_text('nobody has let you in here')
        assert page.url.endswith('#/overview')
        assert_axe_clean(page)

        provider.claims = {'sub': '2', 'email': 'ada@example.com', 'email_verified': True}
        page.get_by_test_id('sign-in-openid').click()

        expect(page.get_by_test_id('status-who')).to_contain_text('ada@example.com')
        expect(page.get_by_test_id('status-connection')).to_contain_text(re.compile('live|connected', re.IGNORECASE))
    finally:
        gateway.stop()
