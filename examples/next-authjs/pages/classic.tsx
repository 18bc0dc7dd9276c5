import { LogoutButton } from 'endsession/react'
import type { GetServerSidePropsContext, InferGetServerSidePropsType } from 'next'
import { useSession } from 'next-auth/react'
import { auth, endsession } from '../auth'

/** A page of the Pages Router: `auth` and `endsession` take its context. */
export async function getServerSideProps(context: GetServerSidePropsContext) {
  const session = await auth(context)
  if (!session) return { props: { signedIn: false } }
  const access = await endsession.accessToken(context)
  const authorization = { authorization: access.ok ? `Bearer ${access.token}` : '' }
  const answer = await fetch(`${process.env.JOBS_URL}/jobs`, { headers: authorization })
  const jobs = `${answer.status} ${(await answer.text()).slice(0, 200)}`
  return { props: { signedIn: true, name: session.user?.name ?? '', jobs } }
}

type Props = InferGetServerSidePropsType<typeof getServerSideProps>

export default function Classic({ signedIn, name, jobs }: Props) {
  const { status, data } = useSession()
  if (!signedIn) return <h1>Nobody is signed in</h1>
  return (
    <main>
      <h1>Jobs of {name}</h1>
      <p id="jobs">{jobs}</p>
      <p id="client">
        {status} {data?.user?.name}
      </p>
      <LogoutButton>Log out</LogoutButton>
    </main>
  )
}
