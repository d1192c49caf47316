"""Request bodies: bytes to values, or a refusal that names the field."""

import ipaddress
import json
from typing import Annotated, Any, NoReturn, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from dtma_reference.engines.protocol import PortBinding
from dtma_reference.errors import BadRequestError
from dtma_reference.naming import is_image_reference, is_name

__all__ = [
    "Bodies",
    "DeployRequest",
    "ExecuteRequest",
    "GroupRequest",
    "ServerRequest",
    "ShellRequest",
    "ValidateRequest",
    "problems",
]

_HIGHEST_PORT = 65535
_LONGEST_TIMEOUT_MS = 600_000

Model = TypeVar("Model", bound=BaseModel)


def _name(text: str) -> str:
    if not is_name(text):
        raise ValueError("must match [a-zA-Z0-9][a-zA-Z0-9_.-]+ and have no more than 128 characters")
    return text


def _image(text: str) -> str:
    if not is_image_reference(text):
        raise ValueError("is no image reference, such as nginx:latest")
    return text


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not hold a NUL character")
    return text


def _assignment(text: str) -> str:
    if not text.partition("=")[1] or text.startswith("="):
        raise ValueError("must have the form K=V")
    return text


def _address(text: str) -> str:
    return str(ipaddress.ip_address(text))


def _host_port(text: str) -> str:
    if int(text) > _HIGHEST_PORT:
        raise ValueError("is no port number")
    return text


def _container_port(text: str) -> str:
    if int(text.partition("/")[0]) > _HIGHEST_PORT:
        raise ValueError("is no port, such as 8080/tcp")
    return text


Text = Annotated[str, AfterValidator(_without_nul)]
Word = Annotated[str, Field(min_length=1), AfterValidator(_without_nul)]
Name = Annotated[str, AfterValidator(_name)]
Image = Annotated[str, AfterValidator(_image)]
Uuid = Annotated[str, Field(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")]
Assignment = Annotated[str, AfterValidator(_without_nul), AfterValidator(_assignment)]
HostPort = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,4})$"), AfterValidator(_host_port)]
ContainerPort = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,4}/(tcp|udp|sctp)$"), AfterValidator(_container_port)]


class _Body(BaseModel):
    """Strict types; what is not known is allowed and ignored."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class _HostBinding(_Body):
    host_port: HostPort = Field(alias="HostPort")
    host_ip: Annotated[str, AfterValidator(_address)] = Field(default="", alias="HostIp")


class _HostConfig(_Body):
    port_bindings: dict[ContainerPort, list[_HostBinding]] = Field(default_factory=dict, alias="PortBindings")


class _Overrides(_Body):
    env: list[Assignment] = Field(default_factory=list, alias="Env")
    host_config: _HostConfig = Field(default_factory=_HostConfig, alias="HostConfig")


class _Deployable(_Body):
    image: Image = Field(alias="dockerImageUrl")
    overrides: _Overrides = Field(default_factory=_Overrides, alias="baseConfigOverrideJson")

    @property
    def environment(self) -> tuple[str, ...]:
        """The ``K=V`` entries of the overrides."""
        return tuple(self.overrides.env)

    @property
    def port_bindings(self) -> tuple[PortBinding, ...]:
        """The published ports of the overrides."""
        return tuple(
            PortBinding(
                container_port=int(port.partition("/")[0]),
                protocol=port.partition("/")[2],
                host_port=int(binding.host_port),
                host_ip=binding.host_ip,
            )
            for port, bindings in self.overrides.host_config.port_bindings.items()
            for binding in bindings
        )


class DeployRequest(_Deployable):
    """Body of ``POST /tools``."""

    name: Name = Field(alias="instanceNameOnToolbox")
    account_tool_instance_id: Uuid = Field(alias="accountToolInstanceId")


class ServerRequest(_Deployable):
    """One server of an MCP group; a deployment whose database row may not be known."""

    name: Name = Field(alias="instanceName")
    account_tool_instance_id: Uuid = Field(default="", alias="accountToolInstanceId")


class GroupRequest(_Body):
    """Body of ``POST /mcp/groups``."""

    group_id: Name = Field(alias="groupId")
    servers: Annotated[list[ServerRequest], Field(min_length=1)]
    options: dict[str, Any] = Field(default_factory=dict)


class ValidateRequest(_Body):
    """Body of ``POST /mcp/validate``; the servers are judged one by one."""

    servers: list[Any]


class _Payload(_Body):
    args: list[Text] = Field(default_factory=list)


class ExecuteRequest(_Body):
    """Body of ``POST /tools/{instanceNameOnToolbox}/execute``."""

    agent_id: Word = Field(alias="agentId")
    capability_name: Word = Field(alias="capabilityName")
    account_tool_instance_id: Text = Field(default="", alias="accountToolInstanceId")
    payload: _Payload = Field(default_factory=_Payload)

    @property
    def command(self) -> tuple[str, ...]:
        """Program and arguments."""
        return (self.capability_name, *self.payload.args)


class ShellRequest(_Body):
    """Body of ``POST /ssh/execute``; the time-out is in milliseconds."""

    command: Word
    timeout: Annotated[int, Field(ge=1, le=_LONGEST_TIMEOUT_MS)] = 30_000


class Bodies:
    """Reads request bodies, step by step."""

    def read(self, body: bytes, model: type[Model]) -> Model:
        """Return a body as that model, whatever its Content-Type says.

        Raises:
            BadRequestError: it is malformed; the message says in what.
        """
        return self._check(self._object(self._json(body)), model)

    def _json(self, body: bytes) -> Any:
        try:
            return json.loads(body.decode(), parse_float=_number, parse_constant=_no_number)
        except (ValueError, RecursionError):
            raise BadRequestError("The request body is no valid JSON.") from None

    def _object(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise BadRequestError("The request body must be a JSON object.")
        return value

    def _check(self, body: dict[str, Any], model: type[Model]) -> Model:
        try:
            return model.model_validate(body)
        except ValidationError as problem:
            raise BadRequestError("Bad request: " + _sentences(problem)[0]) from None


def problems(model: type[BaseModel], body: Any) -> tuple[str, ...]:
    """Return all that is wrong with a decoded body, one sentence each."""
    try:
        model.model_validate(body)
    except ValidationError as problem:
        return _sentences(problem)
    return ()


def _sentences(problem: ValidationError) -> tuple[str, ...]:
    sentences = []
    for error in problem.errors(include_url=False, include_input=False):
        # A key of a mapping is reported as (…, key, "[key]").
        path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error["loc"] if part != "[key]")
        field = f"'{path.removeprefix('.')}'" if path else "the body"
        sentences.append(
            f"{field} is missing."
            if error["type"] == "missing"
            else f"{field}: {error['msg'].removeprefix('Value error, ')}."
        )
    return tuple(sentences)


def _number(literal: str) -> int | float:
    """Return a literal such as ``30.0`` as the integer that it is (JSON Schema 2020-12, section 4.2.3)."""
    number = float(literal)
    return int(number) if number.is_integer() else number


def _no_number(literal: str) -> NoReturn:
    """Refuse NaN and the infinities, which Python reads and JSON does not have."""
    raise ValueError(literal)
