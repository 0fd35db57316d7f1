#!/usr/bin/env python3
"""Writes page.html as C++, with the content security policy that lets run what is in it and nothing else.

    embed_page.py page.html page_html.cc
"""
import base64
import hashlib
import re
import sys


def hashes(page, element):
    """What the policy knows the inline elements by: any other one is blocked."""
    contents = re.findall(f'<{element}>(.*?)</{element}>', page, re.DOTALL)
    assert len(contents) == page.count(f'<{element}'), f'a {element} with attributes'
    digests = [base64.b64encode(hashlib.sha256(each.encode()).digest()).decode() for each in contents]
    return ' '.join(f"'sha256-{digest}'" for digest in digests)


def main():
    source, target = sys.argv[1:]
    with open(source, encoding='utf-8') as file:
        page = file.read()
    policy = (f"default-src 'none'; script-src {hashes(page, 'script')}; style-src {hashes(page, 'style')}; "
              "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
    with open(target, 'w', encoding='utf-8') as file:
        file.write('#include "proxy/status/page_html.h"\n\nnamespace proxy {\n\n'
                   f'const std::string_view page_html = R"page({page})page";\n'
                   f'const std::string_view page_policy = R"policy({policy})policy";\n\n'
                   '}  // namespace proxy\n')


main()
