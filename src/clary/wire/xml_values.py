"""XML elements to parameters and results to XML text, one compiled function per shape."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from xml.etree.ElementTree import Element, ParseError, XMLParser

from clary.wire.compilers import Compiler
from clary.wire.errors import MalformedXML, Unreadable
from clary.wire.models import RESULT_LOCATIONS, Shape
from clary.wire.text import TEXT_READERS, TextReader, TextWriters

Nodes = list[Element]
XmlReader = Callable[[Nodes], Any]
XmlWriter = Callable[[Any, list[str]], None]

_SPECIAL = re.compile(r"[&<>\"\r\x00-\x08\x0b\x0c\x0e-\x1f\u0085\u2028\ufffe\uffff]")
_UNWRITABLE = re.compile(r"[\r\x00-\x08\x0b\x0c\x0e-\x1f\u0085\u2028\ufffe\uffff]")


def escape(value: str) -> str:
    """Text for elements and attributes.

    Characters that XML 1.0 does not have are written as references, as AWS does: clients ask for URL encoding where
    such characters may come.
    """
    if _SPECIAL.search(value) is None:
        return value
    value = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    return _UNWRITABLE.sub(lambda found: f"&#{ord(found[0])};", value)


def parse_document(body: bytes) -> Element:
    """The root element of an XML document in UTF-8.

    Raises:
        MalformedXML: not well-formed, in another encoding, or with a document type, which no AWS request has and
            which is how entity bombs begin.
    """
    try:
        document = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise MalformedXML() from None
    if "<!DOCTYPE" in document:
        raise MalformedXML()
    parser = XMLParser()  # noqa: S314 - document types and with them entities were refused above
    try:
        parser.feed(document)
        root: Element = parser.close()
    except (ParseError, ValueError, LookupError):
        raise MalformedXML() from None
    return root


def local_name(tag: str) -> str:
    """A tag without its namespace."""
    return tag[tag.rindex("}") + 1 :] if tag.startswith("{") else tag


def child_nodes(node: Element) -> dict[str, Nodes]:
    """The children of an element, by local name."""
    children: dict[str, Nodes] = {}
    for child in node:
        children.setdefault(local_name(child.tag), []).append(child)
    return children


class XmlReaders(Compiler[XmlReader]):
    """From elements to parameters.

    Every reader takes the list of elements of its name, since a flattened list is several of them.
    """

    def structure(self, shape: Shape) -> XmlReader:
        """Structures, with members that are attributes."""
        elements: dict[str, tuple[str, XmlReader]] = {}
        attributes: list[tuple[str, str, TextReader]] = []
        complete = False

        def complete_tables() -> None:
            nonlocal complete
            for name, member in shape.members.items():
                if member.traits.get("xmlAttribute"):
                    attributes.append((name, (member.location_name or name).split(":")[-1], TEXT_READERS.of(member)))
                elif member.location is None:
                    for tag in element_names(name, member):
                        elements.setdefault(tag, (name, self.of(member)))
            for name, member in shape.members.items():
                # a name that the member's shape has for a root of its own does not rename the member
                if member.location is None and not member.traits.get("xmlAttribute"):
                    elements.setdefault(name, (name, self.of(member)))
            complete = True

        def read(nodes: Nodes) -> dict[str, Any]:
            if not complete:
                complete_tables()
            result = {}
            for tag, children in child_nodes(nodes[0]).items():
                entry = elements.get(tag)
                if entry is not None:
                    result[entry[0]] = entry[1](children)
            if attributes:
                found = {local_name(key): value for key, value in nodes[0].attrib.items()}
                result.update({name: convert(found[key]) for name, key, convert in attributes if key in found})
            return result

        return read

    def list_(self, shape: Shape) -> XmlReader:
        """Lists, wrapped or flattened."""

        def read(nodes: Nodes) -> list[Any]:
            element = self.of(shape.member)
            items: Iterable[Element] = nodes if shape.is_flattened else nodes[0]
            return [element([item]) for item in items]

        return read

    def map_(self, shape: Shape) -> XmlReader:
        """Maps: a list of entries with a key and a value each."""

        def read(nodes: Nodes) -> dict[str, Any]:
            key_name = shape.key.location_name or "key"
            value_name = shape.value.location_name or "value"
            read_key, read_value = self.of(shape.key), self.of(shape.value)
            result = {}
            entries: Iterable[Element] = nodes if shape.is_flattened else nodes[0]
            for entry in entries:
                children = child_nodes(entry)
                if key_name not in children or value_name not in children:
                    raise Unreadable("a map's entry needs a key and a value", local_name(entry.tag))
                result[read_key(children[key_name])] = read_value(children[value_name])
            return result

        return read

    def _scalar(self, shape: Shape) -> XmlReader:
        convert = TEXT_READERS.of(shape)

        def read(nodes: Nodes) -> Any:
            node = nodes[0]
            if len(node):
                raise Unreadable("text expected", local_name(node.tag))
            try:
                return convert(node.text or "")
            except Unreadable as error:
                raise Unreadable(error.reason, local_name(node.tag)) from None

        return read

    string = integer = floating = boolean = timestamp = blob = _scalar


def element_names(name: str, member: Shape) -> list[str]:
    """The tags under which a member may stand; a flattened list may take the name of its elements."""
    names = [member.location_name or name]
    if member.type_name == "list" and member.is_flattened and member.member.location_name:
        names.append(member.member.location_name)
    return names


class XmlWriters:
    """From results to XML text; one function per shape and tag.

    Args:
        always_milliseconds: whether ISO timestamps carry milliseconds even when they are zero.
    """

    def __init__(self, *, always_milliseconds: bool = False) -> None:
        self._texts = TextWriters("iso8601", always_milliseconds=always_milliseconds)

    def of(self, shape: Shape, tag: str) -> XmlWriter:
        """The function that writes a value as the element `tag`."""
        made: XmlWriter | None = shape.compiled.get((self, tag))
        if made is None:
            method = {"structure": self._structure, "list": self._list, "map": self._map}.get(shape.type_name)
            made = shape.compiled[(self, tag)] = (method or self._scalar)(shape, tag)
        return made

    def content(self, shape: Shape) -> XmlWriter:
        """The function that writes a structure's members without an element around them."""
        table: dict[str, XmlWriter] = {}
        complete = False

        def write(value: Mapping[str, Any], out: list[str]) -> None:
            nonlocal complete
            if not complete:
                table.update(
                    (name, self.of(member, element_names(name, member)[-1]))
                    for name, member in shape.members.items()
                    if member.location not in RESULT_LOCATIONS and not member.traits.get("xmlAttribute")
                )
                complete = True
            for name, item in value.items():
                write_member = table.get(name)
                if write_member is not None and item is not None:
                    write_member(item, out)

        return write

    def attributes(self, shape: Shape, value: Mapping[str, Any]) -> str:
        """The members of a structure that are attributes, each with its leading space."""
        text = ""
        for name, member in shape.members.items():
            if member.traits.get("xmlAttribute") and value.get(name) is not None:
                text += f' {member.location_name or name}="{escape(self._texts.of(member)(value[name]))}"'
        return text

    def _structure(self, shape: Shape, tag: str) -> XmlWriter:
        content = self.content(shape)
        start = f"<{tag}{namespace(shape)}"
        end = f"</{tag}>"
        has_attributes = any(member.traits.get("xmlAttribute") for member in shape.members.values())

        def write(value: Mapping[str, Any], out: list[str]) -> None:
            out.append(f"{start}{self.attributes(shape, value)}>" if has_attributes else f"{start}>")
            content(value, out)
            out.append(end)

        return write

    def _list(self, shape: Shape, tag: str) -> XmlWriter:
        if shape.is_flattened:
            write_item: XmlWriter | None = None

            def write_flat(value: Iterable[Any], out: list[str]) -> None:
                nonlocal write_item
                write_item = write_item or self.of(shape.member, tag)
                for item in value:
                    write_item(item, out)

            return write_flat
        element = shape.member.location_name or "member"
        start, end = f"<{tag}{namespace(shape)}>", f"</{tag}>"

        def write(value: Iterable[Any], out: list[str]) -> None:
            write_item = self.of(shape.member, element)
            out.append(start)
            for item in value:
                write_item(item, out)
            out.append(end)

        return write

    def _map(self, shape: Shape, tag: str) -> XmlWriter:
        key_name = shape.key.location_name or "key"
        value_name = shape.value.location_name or "value"
        entry = tag if shape.is_flattened else "entry"
        start, end = ("", "") if shape.is_flattened else (f"<{tag}{namespace(shape)}>", f"</{tag}>")

        def write(value: Mapping[str, Any], out: list[str]) -> None:
            write_key, write_value = self.of(shape.key, key_name), self.of(shape.value, value_name)
            out.append(start)
            for key, item in value.items():
                out.append(f"<{entry}>")
                write_key(key, out)
                write_value(item, out)
                out.append(f"</{entry}>")
            out.append(end)

        return write

    def _scalar(self, shape: Shape, tag: str) -> XmlWriter:
        convert = self._texts.of(shape)
        start, end = f"<{tag}{namespace(shape)}>", f"</{tag}>"
        if shape.type_name not in ("string", "character"):
            return lambda value, out: out.append(f"{start}{convert(value)}{end}")
        return lambda value, out: out.append(f"{start}{escape(str(value))}{end}")


def namespace(shape: Shape) -> str:
    """The attribute that declares a shape's namespace, with its leading space; "" where the model gives none."""
    known = shape.traits.get("xmlNamespace")
    if not known:
        return ""
    uri, prefix = (known["uri"], known.get("prefix")) if isinstance(known, dict) else (known, None)
    return f' xmlns{":" + prefix if prefix else ""}="{escape(uri)}"'


XML_READERS = XmlReaders()
