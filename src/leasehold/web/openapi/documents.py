"""All OpenAPI documents of a server, by the names under which they are served."""

from leasehold.settings import Settings
from leasehold.web.administration.methods import METHODS
from leasehold.web.api.discovery import VERSIONS, common_parameters
from leasehold.web.openapi.administration import administration_document
from leasehold.web.openapi.document import Json
from leasehold.web.openapi.taskqueue import taskqueue_document


def documents(issuer: str, settings: Settings) -> dict[str, Json]:
    """The documents, with this server's URL in them: leasehold-v1, taskqueue-v1beta2 and so on."""
    common = common_parameters(settings)
    administration = administration_document(METHODS, issuer, common)
    queues = {
        f"taskqueue-{version}": taskqueue_document(version, issuer, common) for version in VERSIONS
    }
    return {**queues, "leasehold-v1": administration}
