# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Signs in to Redash with a real browser: headless Chromium, driven by Selenium.

``python browser.py URL EMAIL PICTURE``, the password on standard input. Runs in build/browser (tests/e2e/test_browser.py). Says what it
saw as one line of JSON: the address and the text of the page after a wrong password and after the right one, and the cookies' flags.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support import expected_conditions
from selenium.webdriver.support.wait import WebDriverWait

# Seconds. A machine that is busy with a demo renders slowly.
PATIENCE = 60


def sign_in(browser: Any, email: str, password: str) -> dict[str, str]:
    """Fill in the form that is shown, send it, and tell what comes then."""
    form = browser.find_element(By.TAG_NAME, "form")
    form.find_element(By.NAME, "email").send_keys(email)
    form.find_element(By.NAME, "password").send_keys(password)
    form.find_element(By.CSS_SELECTOR, "button, input[type=submit]").click()
    WebDriverWait(browser, PATIENCE).until(expected_conditions.staleness_of(form))
    return {"address": browser.current_url, "text": browser.find_element(By.TAG_NAME, "body").text}


def main(url: str, email: str, picture: str) -> None:
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    # Its sandbox refuses root; /dev/shm is small in containers.
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--window-size=1000,640",
        "--force-device-scale-factor=1",
    ):
        options.add_argument(argument)
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))
    try:
        browser.set_page_load_timeout(PATIENCE)
        browser.get(url)
        asked = browser.current_url
        wrong = sign_in(browser, email, "not the password")
        right = sign_in(browser, email, sys.stdin.read().strip())
        browser.save_screenshot(picture)
        cookies = {cookie["name"]: {"httpOnly": cookie["httpOnly"], "secure": cookie["secure"]} for cookie in browser.get_cookies()}
        print(json.dumps({"asked": asked, "wrong": wrong, "right": right, "cookies": cookies}))
    finally:
        browser.quit()


if __name__ == "__main__":
    main(*sys.argv[1:])
