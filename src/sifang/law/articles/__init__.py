"""Index of the articles this house rests on: law, number, gist in our own words, how well known."""

from sifang.law.articles.index import (
    LAWS,
    Article,
    Law,
    UnknownArticle,
    all_articles,
    article,
    citations,
)

__all__ = ["LAWS", "Article", "Law", "UnknownArticle", "all_articles", "article", "citations"]
