"""Knowledge that is carried between projects, as GraphQL types."""

from datetime import datetime

import strawberry

from api.graphql.types_answers import MovedType
from api.ports import Learnt
from linking.kept_knowledge import Imported

__all__ = ["KnowledgeImportType", "LearntType"]


@strawberry.type(name="KnowledgeImport", description="A file of what people taught another project.")
class KnowledgeImportType:
    id: strawberry.ID
    name: str = strawberry.field(description="The name of the file.")
    by: str
    at: datetime
    about_types: int = strawberry.field(description="Answers about link types.")
    about_pairs: int = strawberry.field(description="Answers about pairs of records.")

    @classmethod
    def of(cls, one: Imported) -> "KnowledgeImportType":
        return cls(
            id=strawberry.ID(one.id),
            name=one.name,
            by=one.by,
            at=one.at,
            about_types=one.about_types,
            about_pairs=one.about_pairs,
        )


@strawberry.type(name="Learnt", description="What taking knowledge over, or back, did.")
class LearntType:
    imported: KnowledgeImportType
    moved: list[MovedType] = strawberry.field(description="Proposals whose probability changed.")

    @classmethod
    def of(cls, learnt: Learnt) -> "LearntType":
        moved = [MovedType.of(one) for one in learnt.moved]
        return cls(imported=KnowledgeImportType.of(learnt.imported), moved=moved)
