# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sphinx's settings for the documentation site; tools/docs_site.py lays out what it reads."""

project = "redash.ecs"
copyright = "The redash.ecs authors"
extensions = ["myst_parser", "sphinx_antsibull_ext"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
html_theme = "sphinx_ansible_theme"
html_theme_options = {"topbar_links": {}, "vcs_pageview_mode": "edit"}
pygments_style = "ansible"
highlight_language = "YAML+Jinja"
html_show_sphinx = False
html_use_smartypants = True
# A page is reached from others' by its headings, too.
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
# antsibull-docs links to Ansible's own documentation by labels that only ansible-core's build has.
suppress_warnings = ["ref.ref", "toc.not_readable", "misc.highlighting_failure"]
