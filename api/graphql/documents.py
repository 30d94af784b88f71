"""A page of a document with its mentions and what they were linked to."""

from collections.abc import Iterable
from urllib.parse import urlencode

import strawberry

from api.graphql.context import Context
from api.graphql.types_graph import DocumentPageType, MentionType, VertexType
from api.graphql.types_origins import boxes_of
from bifrost.documents import Document, Mention, Page
from bifrost.errors import NotFoundError
from bifrost.graph import Direction

__all__ = ["document_page", "has_image"]

_MOST_LINKS = 300


def has_image(media_type: str) -> bool:
    """Whether pages of such files can be shown as images."""
    return media_type == "application/pdf" or media_type.startswith("image/")


def document_page(context: Context, id: str, number: int) -> DocumentPageType | None:
    """By the uid of a document, or by the id of the vertex that it was merged into; None if there is no such page."""
    found = _find(context, id)
    if found is None:
        return None
    uid, document = found
    page = next((page for page in document.pages if page.number == number), None)
    if page is None:
        return None
    mentions = [mention for mention in document.mentions if mention.page == number]
    linked = _linked(context, uid, page, mentions)
    return DocumentPageType(
        id=strawberry.ID(uid),
        number=number,
        pages=len(document.pages),
        width=page.width,
        height=page.height,
        text=page.text,
        image_url=_image_url(uid, number) if has_image(document.media_type) else None,
        mentions=[
            MentionType(
                begin=mention.begin,
                end=mention.end,
                text=mention.text,
                type=mention.type,
                normal=mention.normal,
                confidence=mention.confidence,
                extractor=mention.extractor,
                boxes=boxes_of(page.words.boxes_of(mention.begin, mention.end)),
                linked=vertex,
            )
            for mention, vertex in zip(mentions, linked, strict=True)
        ],
        from_ocr=page.from_ocr,
    )


def _find(context: Context, id: str) -> tuple[str, Document] | None:
    fragments = context.service.store.fragments
    for uid in _candidates(context, id):
        try:
            return uid, fragments.document(uid)
        except NotFoundError:
            continue
    return None


def _candidates(context: Context, id: str) -> Iterable[str]:
    yield id
    yield from (origin.uid for origin in context.view.vertex_origins(id) if origin.uid != id)


def _image_url(uid: str, number: int) -> str:
    return f"/api/documents/page?{urlencode({'id': uid, 'number': number})}"


def _linked(context: Context, uid: str, page: Page, mentions: list[Mention]) -> list[VertexType | None]:
    """For each mention the head of the edge whose evidence quotes the same words on the same page."""
    vertex = context.view.vertex(uid)
    if vertex is None or not mentions:
        return [None] * len(mentions)
    heads: dict[str, str] = {}
    edges = context.view.edges_of([vertex.id], Direction.OUT, limit=_MOST_LINKS).get(vertex.id, [])
    origins = context.view.origins_of_edges([edge.id for edge in edges])
    for edge in edges:
        for origin in origins.get(edge.id, ()):
            if origin.link_type is not None and origin.evidence.page == page.number and origin.evidence.quote:
                heads.setdefault(_squeezed(origin.evidence.quote), edge.head)
    found = {one.id: VertexType.of(one) for one in context.view.vertices_by_id(list(dict.fromkeys(heads.values())))}
    return [
        found.get(heads.get(_squeezed(mention.text)) or heads.get(_squeezed(mention.normal)) or "")
        for mention in mentions
    ]


def _squeezed(text: str) -> str:
    return " ".join(text.split()).casefold()
