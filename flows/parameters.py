"""The types of the flows' parameters: every rule about a value is here, where no form can turn it off."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from aicmo.plans.fields import IDENTIFIER

ProjectId = Annotated[str, Field(pattern=IDENTIFIER)]
AnyProjectId = Annotated[str, Field(pattern=f"^$|{IDENTIFIER}")]
ChannelName = Literal["email", "linkedin", "instagram", "twitter", "bluesky", "mastodon", "crm"]
Channels = Annotated[list[ChannelName], Field(min_length=1)]
FormatName = Literal["pdf", "pptx", "html"]
Formats = Annotated[list[FormatName], Field(min_length=1)]
Limit = Annotated[int, Field(ge=1)]
Minutes = Annotated[int, Field(ge=1, le=7 * 24 * 60)]
Days = Annotated[int, Field(ge=1, le=365)]
People = Annotated[list[str], Field(min_length=1)]
SocialBlock = Annotated[
    str, Field(pattern=r"^(linkedin|instagram|x|bluesky|mastodon)-credentials/[a-z0-9-]+$")
]
SocialCredentials = list[SocialBlock]
CrmBlock = Annotated[
    str, Field(pattern=r"^$|^(hubspot|salesforce|bottlecrm)-credentials/[a-z0-9-]+$")
]
FilePath = Annotated[str, Field(min_length=1)]
