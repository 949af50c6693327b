// Cases of acl_file: files, and for each who wants what of which topic, and whether Mosquitto lets
// it. A line is `user client action topic answer`, with `-` for no user name; `w` = publish, `r` =
// receive.

export interface AclCase {
  readonly name: string
  readonly acl: string
  readonly lines: string
}

export const ACL_CASES: readonly AclCase[] = [
  {
    name: 'an empty file allows nothing',
    acl: '',
    lines: `
      - c w a no
      - c r a no
      u c w a no
      u c r a no
      u c r $SYS/broker/uptime no`,
  },
  {
    name: 'comments and empty lines say nothing',
    acl: '# topic a\n\n#\ntopic b\n   \n',
    lines: `
      - c w a no
      - c w b yes
      - c r b yes`,
  },
  {
    name: 'topic lines before the first user are for clients without a user name only',
    acl: 'topic a\ntopic read b\ntopic write c\n',
    lines: `
      - c w a yes
      - c r a yes
      - c w b no
      - c r b yes
      - c w c yes
      - c r c no
      u c w a no
      u c r a no
      u c r b no
      u c w c no`,
  },
  {
    name: 'topic lines behind a user are for that user only',
    acl: 'user roger\ntopic foo/bar\nuser anna\ntopic read x/#\n',
    lines: `
      roger c w foo/bar yes
      roger c r foo/bar yes
      roger c r x/y no
      anna c r x/y yes
      anna c r x yes
      anna c w x/y no
      anna c r foo/bar no
      Roger c r foo/bar no
      - c r foo/bar no
      - c r x no`,
  },
  {
    name: 'a user may come twice',
    acl: 'user u\ntopic read a\nuser v\ntopic read b\nuser u\ntopic write c\n',
    lines: `
      u c r a yes
      u c w c yes
      u c r b no
      u c r c no
      v c r b yes
      v c w c no
      v c r a no`,
  },
  {
    name: 'each access word',
    acl: 'user u\ntopic read r\ntopic write w\ntopic readwrite rw\ntopic deny d\ntopic plain\n',
    lines: `
      u c r r yes
      u c w r no
      u c r w no
      u c w w yes
      u c r rw yes
      u c w rw yes
      u c r d no
      u c w d no
      u c r plain yes
      u c w plain yes`,
  },
  {
    name: 'a denial goes before everything, wherever it stands',
    acl: 'user u\ntopic a/#\ntopic deny a/secret\ntopic read a/secret\ntopic deny b/+\ntopic b/x\n',
    lines: `
      u c r a/x yes
      u c w a/x yes
      u c r a/secret no
      u c w a/secret no
      u c r a/secret/more yes
      u c r b/x no
      u c w b/x no
      u c r b no
      u c r b/x/y no`,
  },
  {
    name: 'a filter with spaces needs an access word',
    acl: 'user u\ntopic readwrite a b\ntopic read c d/#\n',
    lines: `
      u c r a no
      u c w c no
      u c r b no`,
  },
  {
    name: 'wildcards',
    acl: 'user u\ntopic read +/b\ntopic read x/+/z\ntopic read y/#\ntopic read /\ntopic read +/+/+/end\n',
    lines: `
      u c r a/b yes
      u c r /b yes
      u c r b no
      u c r a/b/c no
      u c r x/y/z yes
      u c r x//z yes
      u c r x/y no
      u c r x/y/z/a no
      u c r y yes
      u c r y/ yes
      u c r y/a yes
      u c r y/a/b/c yes
      u c r ya no
      u c r / yes
      u c r // no
      u c r 1/2/3/end yes
      u c r 1/2/end no
      u c w a/b no`,
  },
  {
    name: 'a # alone matches everything but $ topics',
    acl: 'user u\ntopic #\n',
    lines: `
      u c r a yes
      u c w a yes
      u c r a/b/c yes
      u c r / yes
      u c r $SYS/broker/uptime no
      u c r $other/a no
      u c w $other/a no`,
  },
  {
    name: 'a + at the beginning does not match $ topics',
    acl: 'user u\ntopic +/a\ntopic +/#\n',
    lines: `
      u c r x/a yes
      u c r $x/a no
      u c r $SYS/a no
      u c w $x/a no`,
  },
  {
    name: '$ topics by their name; $SYS is written by nobody but bridges',
    acl: 'topic read $SYS/#\nuser u\ntopic $SYS/#\ntopic $aws/#\ntopic $SYS/broker/connection/+/state\n',
    lines: `
      - c r $SYS/broker/uptime yes
      - c r $SYS yes
      - c w $SYS/broker/uptime no
      u c r $SYS/broker/uptime yes
      u c w $SYS/broker/uptime no
      u c w $SYS/broker/connection/b/state yes
      u c w $SYS/broker/connection/b/c/state no
      u c w $SYS/broker/connection//state yes
      u c r $aws/x yes
      u c w $aws/x yes
      u c r aws/x no`,
  },
  {
    name: '%c and %u stand for whole levels',
    acl: 'pattern readwrite d/%u/%c/#\npattern read by/%c\npattern write up/%u\n',
    lines: `
      u c w d/u/c yes
      u c w d/u/c/x yes
      u c r d/u/c/x/y yes
      u c w d/u/d/x no
      u c w d/v/c/x no
      u c r by/c yes
      u c w by/c no
      u c r by/d no
      u c w up/u yes
      u c r up/u no
      u c w up/v no
      v e w d/v/e/1 yes
      v e w d/u/c/1 no
      - c r by/c yes
      - c w up/u no
      - c w up/- no
      - c w d/u/c no`,
  },
  {
    name: '%c and %u inside a level are letters',
    acl: 'pattern read a%c\npattern read %cx\npattern read x/%u%c\npattern read %u\n',
    lines: `
      u c r ac no
      u c r a%c yes
      u c r cx no
      u c r %cx yes
      u c r x/uc no
      u c r x/%u%c yes
      u c r u yes
      u c r v no`,
  },
  {
    name: 'patterns hold for everybody, wherever they stand',
    acl: 'user u\ntopic read a\npattern read p/%c\nuser v\npattern read q/%u\ntopic read b\n',
    lines: `
      u c r a yes
      u c r b no
      v c r b yes
      v c r a no
      u c r p/c yes
      v c r p/c yes
      - c r p/c yes
      u c r q/u yes
      v c r q/v yes
      v c r q/u no
      x c r q/x yes
      - c r q/x no`,
  },
  {
    name: 'a pattern without %c or %u is for everybody',
    acl: 'pattern read news/#\n',
    lines: `
      - c r news yes
      u c r news/a yes
      u c w news/a no
      - c w news/a no`,
  },
  {
    name: 'a denying pattern, and a list of the user that goes before it',
    acl: 'user u\ntopic read own/u\npattern deny own/%u\npattern read own/+\n',
    lines: `
      u c r own/u yes
      v c r own/v no
      v c r own/u yes
      u c r own/v yes
      - c r own/x yes`,
  },
  {
    name: 'a denial for a user holds against a pattern that allows',
    acl: 'user u\ntopic deny p/u/secret\npattern readwrite p/%u/#\n',
    lines: `
      u c r p/u/x yes
      u c w p/u/x yes
      u c r p/u/secret no
      u c w p/u/secret no
      v c w p/v/secret yes`,
  },
  {
    name: 'names with wildcards or slashes get nothing from patterns',
    acl: 'user a+b\ntopic read own\npattern readwrite p/%u/#\npattern readwrite c/%c\npattern read open\n',
    lines: `
      a+b c r own yes
      a+b c r open no
      a+b c r p/a+b no
      a+b c w c/c no
      # c r open no
      # c r p/x no
      u # r open no
      u + r c/x no
      u a/b r c/a no
      u a/b r c/a/b no
      u a/b r open yes
      a/b c r p/a no
      a/b c r p/a/b no
      a/b c r open yes
      u c r open yes
      u c r p/u yes`,
  },
  {
    name: 'topics that begin with $share are published by nobody',
    acl: 'user u\ntopic $share/#\n',
    lines: `
      u c w $share/g/a no`,
  },
  {
    name: 'empty levels are levels',
    acl: 'user u\ntopic read a//b\ntopic read /x\ntopic read y/\n',
    lines: `
      u c r a//b yes
      u c r a/b no
      u c r a/x/b no
      u c r /x yes
      u c r x no
      u c r y/ yes
      u c r y no
      u c r y// no`,
  },
  {
    name: 'a house: devices write their own, panels read all, nobody else anything',
    acl: [
      'topic read public/#',
      'user panel',
      'topic read home/#',
      'topic write home/+/set',
      'topic deny home/alarm/#',
      'user admin',
      'topic #',
      'pattern write home/%c/state',
      'pattern read home/%c/set',
    ].join('\n'),
    lines: `
      - lamp w home/lamp/state yes
      - lamp r home/lamp/set yes
      - lamp r home/lamp/state no
      - lamp w home/lamp/set no
      - lamp w home/door/state no
      - lamp r public/time yes
      - lamp w public/time no
      - lamp r home/# no
      panel p r home/lamp/state yes
      panel p w home/lamp/set yes
      panel p w home/lamp/state no
      panel p r home/alarm/state no
      panel p w home/alarm/set no
      panel p r public/time no
      panel alarm w home/alarm/state no
      admin x w home/alarm/set yes
      admin x r anything/at/all yes
      admin x r $SYS/broker/uptime no
      guest lamp w home/lamp/state yes
      guest lamp r public/time no`,
  },
  {
    name: 'a file with Windows line ends',
    acl: 'user u\r\ntopic read a\r\npattern write %c/x\r\n',
    lines: `
      u c r a yes
      u c w c/x yes
      u c r b no`,
  },
  {
    name: 'spaces around words',
    acl: 'user   u\ntopic   read   a/b\ntopic  c   \n',
    lines: `
      u c r a/b yes
      u c w a/b no
      u c r c yes
      u c w c yes`,
  },
]

/** Files that are refused, and what must be said of them. */
export const BAD_ACLS: readonly { readonly acl: string; readonly error: RegExp }[] = [
  { acl: 'topics a\n', error: /^f:1: expected "topic", "user" or "pattern", got "topics"/ },
  { acl: 'topic a\ntopic\n', error: /^f:2: expected a topic, got nothing/ },
  { acl: 'user\n', error: /^f:1: expected a user name/ },
  { acl: 'user   \n', error: /^f:1: expected a user name/ },
  { acl: 'topic rw a\n', error: /^f:1: expected "read", "write", "readwrite" or "deny", got "rw"/ },
  { acl: 'topic a b\n', error: /^f:1: expected "read", .* got "a"/ },
  { acl: 'topic read a/#/b\n', error: /^f:1: "a\/#\/b" is not a topic filter/ },
  { acl: 'topic read a+\n', error: /^f:1: "a\+" is not a topic filter/ },
  { acl: 'pattern read %c#\n', error: /^f:1: "%c#" is not a topic filter/ },
  { acl: ' topic read a\n', error: /^f:1: expected "topic", "user" or "pattern", got ""/ },
  { acl: 'topic\tread a\n', error: /^f:1: expected "topic", "user" or "pattern"/ },
  { acl: '# fine\n\ntopic read a\nnonsense\n', error: /^f:4: .* got "nonsense"/ },
]
